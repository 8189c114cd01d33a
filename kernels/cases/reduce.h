#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/reduce.h"

namespace kernels {

struct SquaredDistanceExample {
  Shape shape;
  Dtype dtype = Dtype::f32;
  float factor = 1;
  bool skewed = false;
};

KernelCase<SquaredDistance> squared_distance_case(const SquaredDistanceExample& example, std::vector<double> a,
                                                  std::vector<double> b);

}  // namespace kernels
