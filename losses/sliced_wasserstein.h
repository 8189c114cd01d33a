#pragma once
#include "engine/tensor.h"
#include "kernels/prior.h"
#include "losses/options.h"
#include "losses/step_draw.h"

namespace losses {

struct SwdOptions {
  kernels::Prior prior = kernels::Prior::sphere;
  float prior_scale = 1;  ///< half the cube's width, or the normal prior's standard deviation
  PriorSample sample = PriorSample::drawn;
  std::int64_t projections = 0;   ///< slices k; 0: as many as z has columns
  bool fixed_directions = false;  ///< the directions of step 0 at every step
  /// The sum over N rows and k slices is divided by N k, a mean (notebook), or by k d, N / d times as much (paper).
  Scaling scaling = Scaling::notebook;
  bool operator==(const SwdOptions&) const = default;
};

/// The sliced Wasserstein distance of rows z (f32 or bf16 [N,d]) to a prior (Chen et al. 2021, Algorithm 1): z and as
/// many rows of the prior are projected onto k random orthogonal directions, and along each direction the r-th smallest
/// projections are compared. Returns an f32 scalar, differentiable. bf16 rows are converted to f32 first, and their
/// gradient back. Throws for more projections than columns, for quantiles of another prior than the normal one (only
/// its projections are the same for all directions), and for other shapes. With several ranks the rows of all are
/// compared with one sample of the prior, and each rank sorts the slices of some of the directions; throws if there are
/// fewer directions than ranks.
engine::Tensor sliced_wasserstein(const engine::Tensor& z, const SwdOptions& options, const StepDraw& draw);

/// The same along given directions (f32 [k,d], a direction per row: W transposed) and with given rows of the prior (f32
/// [N,d]), of this rank's rows alone.
engine::Tensor sliced_wasserstein(const engine::Tensor& z, const engine::Tensor& directions,
                                  const engine::Tensor& prior, Scaling scaling = Scaling::notebook);

}  // namespace losses
