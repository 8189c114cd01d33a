#pragma once
#include "kernels/cases/reduce.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::SquaredDistance>> squared_distance_cases();

}  // namespace tests
