#pragma once
#include "kernels/cases/enqueue.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::Enqueue>> enqueue_cases();

}  // namespace tests
