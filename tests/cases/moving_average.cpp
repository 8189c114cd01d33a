#include "tests/cases/moving_average.h"

namespace tests {

std::vector<KernelCase<kernels::MovingAverage>> moving_average_cases() {
  constexpr auto kCosine = kernels::MomentumSchedule::Kind::cosine;
  std::vector<KernelCase<kernels::MovingAverage>> cases;
  for (const bool shadow : {false, true}) {
    for (const std::int64_t count : {32, 96, 1184, 33 * 1024})
      cases.push_back(kernels::moving_average_case({.count = count, .shadow = shadow}));
    cases.push_back(kernels::moving_average_case({.momentum = {.start = 0}, .shadow = shadow}));  // a copy
    cases.push_back(kernels::moving_average_case({.momentum = {.start = 1}, .shadow = shadow}));  // constant
    cases.push_back(kernels::moving_average_case({.shadow = shadow, .nonfinite = true}));
    for (const std::int32_t step : {0, 1, 50, 99, 100, 200'000})
      cases.push_back(kernels::moving_average_case(
          {.momentum = {.start = 0.5f, .kind = kCosine, .steps = 100}, .step = step, .shadow = shadow}));
  }
  return cases;
}

}  // namespace tests
