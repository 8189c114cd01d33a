#pragma once
#include "kernels/cases/label_targets.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::LabelTargets>> label_targets_cases();

}  // namespace tests
