#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "apps/config/linear_evaluation.h"
#include "apps/evaluation/features.h"

namespace apps {

struct LinearProbeResult {
  struct Point {
    double learning_rate = 0;  ///< base rate
    bool diverged = false;     ///< a score of its classifier is not finite; then it has no accuracy
    double holdout_accuracy = 0, test_accuracy = 0;
  };
  std::vector<Point> grid;
  Point best;                      ///< largest accuracy on the held-out part, first rate on a tie; never a diverged one
  std::vector<float> weight = {};  ///< [classes, features] of `best`
  std::vector<float> bias = {};    ///< [classes]
};

/// Throws engine::DataError if a training set of `size` examples has less than one batch without the held-out part.
void check_enough_examples(std::int64_t size, const LinearEvaluation& protocol);

/// Trains the classifiers of all learning rates at once, as row blocks of one weight matrix. `progress(steps done,
/// steps in total)` is called after each step and regularly during the final classification; it may throw to stop.
/// Throws NonFiniteError if every classifier diverged. `redraw(epoch)` is called before each epoch from 1 on, and may
/// write other features and labels of the same examples into the memory of `train`; those of the held-out part stay as
/// they are at the call.
LinearProbeResult train_linear_probe(const Features& train, const Features& test, const LinearEvaluation& protocol,
                                     const std::function<void(std::int64_t, std::int64_t)>& progress = {},
                                     const std::function<void(std::int64_t epoch)>& redraw = {});

}  // namespace apps
