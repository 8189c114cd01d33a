#pragma once
#include "kernels/cases/temperature_schedule.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::TemperatureSchedule>> temperature_schedule_cases();

}  // namespace tests
