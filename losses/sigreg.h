#pragma once
#include <cstdint>

#include "engine/tensor.h"
#include "losses/step_draw.h"

namespace losses {

struct SigregOptions {
  std::int64_t slices = 1024;  ///< random directions, new ones in each step
  int knots = 17;              ///< where characteristic functions are compared: evenly from 0 to t_max
  float t_max = 3;
  std::int64_t views = 2;  ///< the rows of each view are tested for themselves, as in the public code; 1: all together
  bool operator==(const SigregOptions&) const = default;
};

/// SIGReg, the distribution term of LeJEPA (Balestriero & LeCun 2025, arXiv 2511.08544): how far the rows are from
/// N(0, I), by the Epps-Pulley test of their projections on random directions (kernels/epps_pulley.h), the mean over
/// directions and views. z: f32 or bf16 [views n, d], not normalised, one view's rows below another's. Returns an f32
/// scalar, differentiable: 1.05 on average if the rows are drawn from N(0, I), for any n. Throws for another shape.
/// With several ranks the rows of all are tested, and each rank takes some of the slices; throws if there are fewer
/// slices than ranks.
///
/// LeJEPA = (1 - lambda) A + lambda SIGReg with lambda = 0.05, where A is the mean over views, images and features of
/// the squared distance to the mean of the image's views. With two views, A = 1/(4 n d) sum_k |z_k - z_(n+k)|^2.
engine::Tensor sigreg(const engine::Tensor& z, const SigregOptions& options, const StepDraw& draw);

}  // namespace losses
