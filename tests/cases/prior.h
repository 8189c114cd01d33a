#pragma once
#include "kernels/cases/prior.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::DrawPrior>> draw_prior_cases();
std::vector<KernelCase<kernels::NormalQuantiles>> normal_quantiles_cases();

}  // namespace tests
