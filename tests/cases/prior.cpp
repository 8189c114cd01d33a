#include "tests/cases/prior.h"

namespace tests {

using kernels::Prior;

std::vector<KernelCase<kernels::DrawPrior>> draw_prior_cases() {
  std::vector<KernelCase<kernels::DrawPrior>> cases;
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{0, 4}, {1, 1},   {6, 1},   {3, 2},   {6, 3},  {6, 4},
                                                          {9, 7}, {17, 64}, {6, 129}, {5, 132}, {2, 301}};
  for (const Prior prior : {Prior::sphere, Prior::cube, Prior::normal}) {
    for (const auto& [n, d] : shapes) {
      for (const bool skewed : {false, true}) {
        cases.push_back(kernels::draw_prior_case(
            {.n = n, .d = d, .prior = prior, .scale = 1.5f, .seed = 3, .step = 4, .skewed = skewed}));
      }
    }
    cases.push_back(kernels::draw_prior_case({.n = 5, .d = 7, .prior = prior, .scale = 0.5f, .step = {}}));
  }
  return cases;
}

std::vector<KernelCase<kernels::NormalQuantiles>> normal_quantiles_cases() {
  std::vector<KernelCase<kernels::NormalQuantiles>> cases;
  for (const std::int64_t n : {0, 1, 2, 9, 700, 2000}) cases.push_back(kernels::normal_quantiles_case(n, 2));
  return cases;
}

}  // namespace tests
