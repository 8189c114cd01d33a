#pragma once
#include "apps/evaluation/features.h"

namespace apps {

struct KnnOptions {
  int k = 200;
  float temperature = 0.07f;
};

/// Accuracy of the weighted k-nearest-neighbour classifier on L2-normalised features (Wu et al. 2018): no training, no
/// choice to make, so a check on the linear evaluation.
double knn_accuracy(const Features& train, const Features& test, KnnOptions options = {});

}  // namespace apps
