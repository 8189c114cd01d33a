#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/prior.h"

namespace kernels {

struct PriorExample {
  std::int64_t n, d;
  Prior prior = Prior::sphere;
  float scale = 1;
  std::uint64_t seed = 1;
  std::optional<std::int32_t> step = 0;  ///< in device memory, or absent
  bool skewed = false;
};

KernelCase<DrawPrior> draw_prior_case(const PriorExample& example);
KernelCase<NormalQuantiles> normal_quantiles_case(std::int64_t n, float std);

}  // namespace kernels
