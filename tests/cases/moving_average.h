#pragma once
#include "kernels/cases/moving_average.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::MovingAverage>> moving_average_cases();

}  // namespace tests
