#include "tests/cases/temperature_schedule.h"

namespace tests {

std::vector<KernelCase<kernels::TemperatureSchedule>> temperature_schedule_cases() {
  std::vector<KernelCase<kernels::TemperatureSchedule>> cases;
  const auto add = [&](const kernels::TemperatureScheduleExample& example) {
    cases.push_back(temperature_schedule_case(example));
  };
  for (const std::int32_t step : {0, 1, 7, 33, 50, 100, 199, 200, 201}) {
    add({.step = step, .low = 0.1f, .high = 1, .period = 200});
  }
  for (const std::int64_t period : {1, 2, 7, 77'777}) {
    add({.step = 16'000'003, .low = 0.05f, .high = 0.2f, .period = period});
  }
  add({.step = 3, .low = 0.3f, .high = 0.3f, .period = 10});  // equal ends: no schedule
  return cases;
}

}  // namespace tests
