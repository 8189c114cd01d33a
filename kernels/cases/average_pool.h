#pragma once
#include "kernels/average_pool.h"
#include "kernels/cases/kernel_case.h"

namespace kernels {

struct AveragePoolExample {
  PoolGeometry g;
  bool counts_padding = false;
  Dtype dtype = Dtype::f32;
  bool skewed = false;

  Shape images() const { return {g.n, g.h, g.w, g.c}; }
  Shape pooled() const { return {g.n, g.p(), g.q(), g.c}; }
};

KernelCase<AveragePoolForward> average_pool_forward_case(const AveragePoolExample& example, std::vector<double> x);
/// Adds where dx has contents. With contents of x, dx is also compared with central differences.
KernelCase<AveragePoolBackward> average_pool_backward_case(const AveragePoolExample& example, std::vector<double> dy,
                                                           std::vector<double> dx = {}, std::vector<double> x = {});

}  // namespace kernels
