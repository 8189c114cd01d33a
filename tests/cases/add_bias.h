#pragma once
#include "kernels/cases/add_bias.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::AddBias>> add_bias_cases();

}  // namespace tests
