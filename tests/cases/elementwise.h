#pragma once
#include "kernels/cases/elementwise.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::ScaleBy>> scale_by_cases();
std::vector<KernelCase<kernels::ScaledDifference>> scaled_difference_cases();

}  // namespace tests
