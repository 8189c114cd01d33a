#pragma once
#include "kernels/cuda/radix_rank.h"
#include "kernels/sliced_wasserstein.h"

/// What the launches for short and for long slices share.
namespace kernels::cuda {

struct Slices {
  const float* projections;  // [k,n]
  const float* prior;        // [k,n], or [n] ascending
  bool shared_prior;
  std::int64_t k, n;
  float factor;
  float* gradient;  // [k,n] or null
};

/// The first launch's sums of squares, added up in a fixed order: *loss = factor * sum.
void add_squares(const Context& context, const double* squares, std::int64_t count, float factor, float* loss);

/// For slices that do not fit into a block's shared memory.
void match_long_slices(const Context& context, const Slices& slices, float* loss);

}  // namespace kernels::cuda
