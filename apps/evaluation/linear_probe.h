#pragma once
#include <cstdint>
#include <functional>
#include <span>
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

/// What one grid of classifiers learns.
struct ProbeTask {
  SplitLabels labels;
  bool standardized = false;  ///< its features are standardised, by the training features as they are at the beginning
};

/// Throws engine::DataError if a training set of `size` examples has less than one batch without the held-out part.
void check_enough_examples(std::int64_t size, const LinearEvaluation& protocol);

/// Trains a grid of classifiers on the features [N,F] for each task; each has the result that it would have alone. The
/// classifiers of all learning rates are trained at once, as row blocks of one weight matrix; those of standardised
/// features are returned as classifiers of features as they are. `progress(steps done, steps in total)` is called after
/// each step and regularly during the final classification; it may throw to stop. Throws NonFiniteError if every
/// classifier of a task diverged. `redraw(epoch)` is called before each epoch from 1 on, and may write other features
/// and labels of the same examples into the memory of `train` and of the labels; those of the held-out part stay as
/// they are at the call.
std::vector<LinearProbeResult> train_linear_probes(const engine::Tensor& train, const engine::Tensor& test,
                                                   std::span<const ProbeTask> tasks, const LinearEvaluation& protocol,
                                                   const std::function<void(std::int64_t, std::int64_t)>& progress = {},
                                                   const std::function<void(std::int64_t epoch)>& redraw = {});

}  // namespace apps
