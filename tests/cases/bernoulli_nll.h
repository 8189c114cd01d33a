#pragma once
#include "kernels/cases/bernoulli_nll.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::BernoulliNllForward>> bernoulli_nll_forward_cases();
std::vector<KernelCase<kernels::BernoulliNllBackward>> bernoulli_nll_backward_cases();

}  // namespace tests
