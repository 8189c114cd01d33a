#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/directions.h"

namespace kernels {

struct DirectionsExample {
  std::int64_t k, d;
  std::uint64_t seed = 1;
  std::optional<std::int32_t> step = 0;  ///< in device memory, or absent
};

KernelCase<DrawDirections> draw_directions_case(const DirectionsExample& example);

}  // namespace kernels
