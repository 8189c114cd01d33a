#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/temperature_schedule.h"

namespace kernels {

struct TemperatureScheduleExample {
  std::int32_t step;
  float low, high;
  std::int64_t period;
};

KernelCase<TemperatureSchedule> temperature_schedule_case(const TemperatureScheduleExample& example);

}  // namespace kernels
