#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/epps_pulley.h"

namespace kernels {

struct EppsPulleyExample {
  std::string name = {};
  std::int64_t slices, groups, n;
  int knots = 17;
  float t_max = 3, gradient_factor = 1;
  bool far = false;         ///< t_k x is meant as k times the product of x and the spacing in f32
  double tolerance = 1e-6;  ///< of the gradient; the statistic adds up n samples
};

KernelCase<EppsPulley> epps_pulley_case(const EppsPulleyExample& example, std::vector<double> x);

}  // namespace kernels
