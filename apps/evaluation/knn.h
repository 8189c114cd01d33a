#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "apps/evaluation/features.h"
#include "apps/evaluation/partition.h"

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

/// The same classifier on one set of rows [N,F], for several sets of labels at once: each row is classified by the rows
/// of all other images, so that neither it nor another view of its image votes. Throws if there is only one image.
std::vector<double> knn_accuracy_across_images(const engine::Tensor& rows, const Partition& images,
                                               const std::vector<Partition>& labels, KnnOptions options = {},
                                               const std::function<void(std::int64_t done)>& progress = {});

}  // namespace apps
