#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/moving_average.h"

namespace kernels {

struct MovingAverageExample {
  std::int64_t count = 32;
  MomentumSchedule momentum = {};
  std::int32_t step = 0;
  bool shadow = false, nonfinite = false;
};
KernelCase<MovingAverage> moving_average_case(const MovingAverageExample& example);

}  // namespace kernels
