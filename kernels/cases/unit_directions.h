#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/unit_directions.h"

namespace kernels {

struct UnitDirectionsExample {
  std::int64_t m, d, first = 0;
  std::uint64_t seed = 1;
  std::int32_t step = 0;
};

KernelCase<UnitDirections> unit_directions_case(const UnitDirectionsExample& example);

}  // namespace kernels
