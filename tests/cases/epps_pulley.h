#pragma once
#include "kernels/cases/epps_pulley.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::EppsPulley>> epps_pulley_cases();

}  // namespace tests
