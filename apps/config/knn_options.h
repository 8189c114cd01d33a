#pragma once
#include <array>
#include <cstdint>

#include "kernels/runtime/names.h"

namespace apps {

/// How much the vote of a neighbour counts: exp(similarity / temperature) as in Wu et al. 2018, or 1.
enum class KnnWeights { similarity, uniform };
/// What is near: the cosine between L2-normalised features, or the Euclidean distance between the features as they are.
enum class KnnMetric { cosine, euclidean };

/// The classifier of k nearest neighbours.
struct KnnOptions {
  std::int64_t k = 200;  ///< neighbours that vote
  KnnWeights weights = KnnWeights::similarity;
  KnnMetric metric = KnnMetric::cosine;
  double temperature = 0.07;  ///< of `similarity`; the similarity of `euclidean` is minus the squared distance
  bool operator==(const KnnOptions&) const = default;
};

}  // namespace apps

template <>
inline constexpr std::array engine::kNames<apps::KnnWeights> = {"similarity", "uniform"};
template <>
inline constexpr std::array engine::kNames<apps::KnnMetric> = {"cosine", "euclidean"};
