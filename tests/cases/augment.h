#pragma once
#include "kernels/cases/augment.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::Augment>> augment_cases();

}  // namespace tests
