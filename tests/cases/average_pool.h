#pragma once
#include "kernels/cases/average_pool.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::AveragePoolForward>> average_pool_forward_cases();
std::vector<KernelCase<kernels::AveragePoolBackward>> average_pool_backward_cases();

}  // namespace tests
