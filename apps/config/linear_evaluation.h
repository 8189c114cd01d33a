#pragma once
#include <cstdint>
#include <vector>

#include "apps/config/compute.h"
#include "apps/config/knn_options.h"

namespace apps {

/// The linear evaluation protocol: logistic regression on frozen features by SGD with Nesterov momentum 0.9, starting
/// from zero, with a cosine schedule from lr * batch / 256 (SimCLR). The learning rate is chosen on a held-out part of
/// the training set; the test set is only used for the reported accuracy, and for that of k nearest neighbours.
struct LinearEvaluation {
  std::vector<double> learning_rates = {0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300};  ///< base learning rates of the grid
  std::int64_t batch_size = 512;
  std::int64_t epochs = 90;
  double holdout = 0.1;      ///< fraction of the training set
  bool redraw = false;       ///< features of training images are computed anew in each epoch
  bool standardize = false;  ///< a second grid of classifiers, on standardised features
  std::int64_t seed = 1;     ///< of the held-out part and the shuffles
  KnnOptions knn = {};
  Precision precision = Precision::fp32;  ///< of the encoder, independent of its training
  bool operator==(const LinearEvaluation&) const = default;
};

}  // namespace apps
