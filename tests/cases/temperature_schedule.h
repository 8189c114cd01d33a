#pragma once
#include "kernels/temperature_schedule.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::TemperatureSchedule>> temperature_schedule_cases();

}  // namespace tests
