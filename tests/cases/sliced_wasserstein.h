#pragma once
#include "kernels/cases/sliced_wasserstein.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::SlicedWasserstein>> sliced_wasserstein_cases();
/// Slices too long for the interpreter.
std::vector<KernelCase<kernels::SlicedWasserstein>> long_sliced_wasserstein_cases();

}  // namespace tests
