#pragma once
#include "kernels/cases/directions.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::DrawDirections>> draw_directions_cases();

}  // namespace tests
