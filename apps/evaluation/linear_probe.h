#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "apps/evaluation/features.h"

namespace apps {

/// The linear evaluation protocol: logistic regression on frozen features by SGD with Nesterov momentum 0.9, from zero,
/// with a cosine schedule from lr * batch / 256 (SimCLR). A part of the training set is held out to choose the learning
/// rate; the test set is only read to report.
struct LinearProbeOptions {
  std::vector<double> learning_rates = {};  ///< base rates of the grid
  std::int64_t batch_size = 512;
  std::int64_t epochs = 90;
  double holdout = 0.1;  ///< fraction of the training set
  std::uint64_t seed = 1;
};

struct LinearProbeResult {
  struct Point {
    double learning_rate = 0;  ///< base rate
    bool diverged = false;     ///< a score of its classifier is not finite, so that it has no accuracy
    double holdout_accuracy = 0, test_accuracy = 0;
  };
  std::vector<Point> grid;
  Point best;  ///< largest accuracy on the held-out part; the first rate on a tie; never one that diverged
  std::vector<float> weight = {};  ///< [classes, features] of `best`
  std::vector<float> bias = {};    ///< [classes]
};

/// Throws engine::DataError when a training set of `size` examples has no batch beside its held-out part.
void check_enough_examples(std::int64_t size, const LinearProbeOptions& options);

/// Trains a classifier for every rate of the grid at once: they are row blocks of one tall weight matrix.
/// `progress(steps done, steps in all)` is told after each step, and again now and then while examples are classified
/// in the end; it may throw to stop. Throws NonFiniteError when every classifier diverged.
LinearProbeResult train_linear_probe(const Features& train, const Features& test, const LinearProbeOptions& options,
                                     const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace apps
