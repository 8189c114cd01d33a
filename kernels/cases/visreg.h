#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/visreg.h"

namespace kernels {

struct VisregExample {
  std::int64_t groups, n, d;
  float epsilon = 1e-3f;
  float share = 1;            ///< of the gradients of both terms
  bool has_gradient = false;  ///< whether x is given and every feature differs between rows
  std::int64_t rows() const { return groups * n; }
};

struct VisregContents {
  std::vector<double> x = {}, moments = {};         // the rows, and what batch_norm_moments makes of them
  std::vector<double> y = {}, mean = {}, std = {};  // the rows standardised, and by what
  std::vector<double> dy = {};
};

/// All of it, of rows and a gradient.
VisregContents visreg_contents(const VisregExample& example, const std::vector<double>& x, std::vector<double> dy);

KernelCase<VisregStandardize> visreg_standardize_case(const VisregExample& example, const VisregContents& contents);
KernelCase<VisregGradient> visreg_gradient_case(const VisregExample& example, const VisregContents& contents);

}  // namespace kernels
