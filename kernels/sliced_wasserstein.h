#pragma once
#include "kernels/kernel.h"

namespace kernels {

// The squared 2-Wasserstein distance between the projections of N embeddings and of N points of a prior, slice by slice
// (Bonneel et al. 2015): in one dimension the best transport pairs the r-th smallest with the r-th smallest.
//   loss = factor * sum_j sum_r (h_(r) - q_(r))^2      h_(r), q_(r): r-th smallest of row j of projections and of prior
//   dloss / dprojections[j,i] = 2 factor (h - q_(r))   h = projections[j,i], of rank r
// Of equal projections the one of the lower index has the lower rank, and -0 = +0. The sums are in double, in an order
// that depends on the sizes alone. A NaN anywhere makes the loss NaN. Needs O(N k) memory.
struct SlicedWasserstein {
  ConstView projections;  // f32 [k,N]: a slice per row
  ConstView prior;        // f32 [k,N], in any order; or f32 [N], ascending: the same for all slices
  float factor;           // 1 / (N k): the mean of Chen et al.'s code; 1 / (k d): their Algorithm 1
  View loss;              // f32, one element
  View gradient;          // f32 [k,N], may be the memory of projections; or absent
  /// Each projection, each number of the prior and each gradient moves once. Sorting takes about 50 operations a
  /// number.
  Cost cost() const {
    return {.bytes = bytes_of(projections) + bytes_of(prior) + bytes_of(gradient),
            .operations = 50 * (projections.shape.elements() + prior.shape.elements())};
  }
};

/// Throws when shapes or dtypes do not match.
inline void expect_valid(const SlicedWasserstein& args) {
  const Shape& shape = args.projections.shape;
  const bool shared = args.prior.shape.rank() == 1;
  EXPECTS(args.projections.dtype == Dtype::f32 && shape.rank() == 2 && args.prior.dtype == Dtype::f32 &&
              (shared ? args.prior.shape[0] == shape[1] : args.prior.shape == shape),
          "sliced_wasserstein: projections must be f32 [k,N] and prior f32 [k,N] or ascending [N], got projections ",
          engine::name(args.projections.dtype), " ", shape, " and prior ", engine::name(args.prior.dtype), " ",
          args.prior.shape);
  EXPECTS(!args.gradient || (args.gradient.dtype == Dtype::f32 && args.gradient.shape == shape),
          "sliced_wasserstein: gradient must be f32 ", shape, " like projections, got ",
          engine::name(args.gradient.dtype), " ", args.gradient.shape);
}

KERNEL(sliced_wasserstein, SlicedWasserstein);

}  // namespace kernels
