#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "apps/config/knn_options.h"
#include "apps/evaluation/features.h"
#include "apps/evaluation/partition.h"

namespace apps {

/// Accuracy of the k-nearest-neighbour classifier of the features [N,F], for each set of labels; by default with the
/// weights of Wu et al. 2018 on L2-normalised features. It needs no training and no learning rate, and so checks the
/// linear evaluation. Of equally near neighbours the first in the training set counts, of equal votes the lowest class.
/// An example with a non-finite feature counts as wrong; if the training set has one, all count as wrong.
/// `progress(done)` is called after each batch and may throw to stop.
std::vector<double> knn_accuracies(const engine::Tensor& train, const engine::Tensor& test,
                                   std::span<const SplitLabels> sets, const KnnOptions& options = {},
                                   const std::function<void(std::int64_t done)>& progress = {});

/// The classifier of L2-normalised rows [N,F] with weighted votes, for several sets of labels at once: each row is
/// classified by the rows of all other images, so that neither it nor another view of its image votes. Throws if there
/// is only one image.
std::vector<double> knn_accuracy_across_images(const engine::Tensor& rows, const Partition& images,
                                               const std::vector<Partition>& labels, const KnnOptions& options = {},
                                               const std::function<void(std::int64_t done)>& progress = {});

}  // namespace apps
