#pragma once
#include <cstdint>
#include <functional>

#include "apps/evaluation/features.h"

namespace apps {

struct KnnOptions {
  int k = 200;
  float temperature = 0.07f;
};

/// Accuracy of the weighted k-nearest-neighbour classifier on L2-normalised features (Wu et al. 2018): no training, no
/// choice to make, so a check on the linear evaluation. An example with a feature that is not finite is not right; nor
/// is any, with such a one in the training set. `progress(done)` is told after each batch and may throw to stop.
double knn_accuracy(const Features& train, const Features& test, KnnOptions options = {},
                    const std::function<void(std::int64_t done)>& progress = {});

}  // namespace apps
