#pragma once
#include <cstdint>

#include "engine/tensor.h"
#include "losses/step_draw.h"

namespace losses {

struct VisregOptions {
  std::int64_t slices = 4096;  ///< random directions, new ones in each step
  std::int64_t views = 2;      ///< the rows of each view are compared for themselves, as in the public code
  bool operator==(const VisregOptions&) const = default;
};

/// The index of each term in `Visreg::terms`.
enum VisregTerm { kVisregShape, kVisregScale, kVisregCentre, kVisregTerms };

struct Visreg {
  engine::Tensor loss;   ///< f32 scalar, differentiable: the sum of the terms
  engine::Tensor terms;  ///< f32 [3], no gradient
};

/// The distribution term of VISReg (Wu, Balestriero & Levine 2026, arXiv 2606.02572), each part the mean over views:
///   scale  = mean over features of (1 - std)^2, where std^2 is the mean of (z - mean)^2 over the view's rows
///   centre = mean over features of mean^2
///   shape  = mean over slices and rows of (x_(i) - q_i)^2: x_(i) is the i-th smallest projection of the rows
///            (z - mean) / (std + 1e-4) on a random direction, q_i the quantile i / (n + 1) of N(0, 1)
/// In the shape, std is a constant for the gradient. (The public code divides by max(std, 1e-6).) z: f32 or bf16
/// [views n, d], not normalised, n >= 2, one view's rows below another's. Throws for another shape. With several ranks
/// the rows of all are tested, and each rank takes some of the slices; throws if there are fewer slices than ranks.
///
/// VISReg = (1 - lambda) A + lambda (scale + shape + centre) with lambda = 0.9 for large data sets and 0.6 for small
/// ones. A is LeJEPA's (losses/sigreg.h): with two views 1/(4 n d) sum_k |z_k - z_(n+k)|^2.
Visreg visreg(const engine::Tensor& z, const VisregOptions& options, const StepDraw& draw);

}  // namespace losses
