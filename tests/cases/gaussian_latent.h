#pragma once
#include "kernels/cases/gaussian_latent.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::GaussianLatentForward>> gaussian_latent_forward_cases();
std::vector<KernelCase<kernels::GaussianLatentBackward>> gaussian_latent_backward_cases();

}  // namespace tests
