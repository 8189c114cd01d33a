#pragma once
#include "kernels/cases/unit_directions.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::UnitDirections>> unit_directions_cases();

}  // namespace tests
