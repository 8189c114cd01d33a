#include "tests/cases/directions.h"

namespace tests {

std::vector<KernelCase<kernels::DrawDirections>> draw_directions_cases() {
  std::vector<KernelCase<kernels::DrawDirections>> cases;
  const std::pair<std::int64_t, std::int64_t> sizes[] = {{0, 5},     {1, 1},     {1, 7},     {5, 5},   {7, 10},
                                                         {3, 64},    {33, 64},   {64, 64},   {63, 63}, {20, 65},
                                                         {127, 128}, {128, 128}, {131, 131}, {40, 200}};
  for (const auto& [k, d] : sizes)
    cases.push_back(kernels::draw_directions_case({.k = k, .d = d, .seed = 3, .step = 4}));
  cases.push_back(kernels::draw_directions_case({.k = 6, .d = 9, .seed = 3, .step = {}}));
  return cases;
}

}  // namespace tests
