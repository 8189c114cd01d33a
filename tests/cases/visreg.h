#pragma once
#include "kernels/cases/visreg.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::VisregStandardize>> visreg_standardize_cases();
std::vector<KernelCase<kernels::VisregGradient>> visreg_gradient_cases();

}  // namespace tests
