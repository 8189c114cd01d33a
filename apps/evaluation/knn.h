#pragma once
#include <cstdint>
#include <functional>

#include "apps/evaluation/features.h"

namespace apps {

struct KnnOptions {
  int k = 200;
  float temperature = 0.07f;
};

/// Accuracy of the weighted k-nearest-neighbour classifier on L2-normalised features (Wu et al. 2018). It needs no
/// training and no learning rate, and so checks the linear evaluation. An example with a non-finite feature counts as
/// wrong; if the training set has one, all count as wrong. `progress(done)` is called after each batch and may throw to
/// stop.
double knn_accuracy(const Features& train, const Features& test, KnnOptions options = {},
                    const std::function<void(std::int64_t done)>& progress = {});

}  // namespace apps
