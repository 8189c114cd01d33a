#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/elementwise.h"

namespace kernels {

struct ElementwiseExample {
  Shape shape;
  Dtype dtype = Dtype::f32;
  float scalar = 0.75f;
  bool skewed = false;
};

/// y (+)= scalar * x; adds where y has contents.
KernelCase<ScaleBy> scale_by_case(const ElementwiseExample& example, std::vector<double> x, std::vector<double> y = {});
/// y (+)= alpha * scalar * (a - b), likewise.
KernelCase<ScaledDifference> scaled_difference_case(const ElementwiseExample& example, float alpha,
                                                    std::vector<double> a, std::vector<double> b,
                                                    std::vector<double> y = {});

}  // namespace kernels
