#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace apps {

/// How far embeddings are from a prior.
struct MeasuredPrior {
  std::string name;
  bool unit_rows = false;  ///< whether unit rows are compared, or the embeddings as they are
  double distance = 0;     ///< sliced Wasserstein distance, the mean over rows and directions
  double noise_floor = 0;  ///< the same of as many rows of the prior itself
};

/// The most directions to compare along: making d of d dimensions orthogonal takes d^3 operations, and the mean over
/// these tells as much.
inline constexpr std::int64_t kMostDirections = 1024;

/// Compares z (f32 [N,d]), or its unit rows, with every prior along min(d, kMostDirections) orthogonal directions: the
/// unit sphere, the cube (-scale,scale)^d and N(0, scale^2 I).
std::vector<MeasuredPrior> measure_priors(const engine::Tensor& z, const engine::Tensor& unit, float scale,
                                          std::uint64_t seed);

}  // namespace apps
