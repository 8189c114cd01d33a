#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/cpu/loops.h"

namespace kernels::cpu {

/// Sums body(begin, end) over a fixed partition of [0, count), in order of the parts: the result does not depend on the
/// thread count. `elements` is the size of the whole loop: a small one runs on one thread.
/// Partial: a number, or a struct that starts at zero and has +=.
template <class Partial, class Body>
Partial fixed_order_sum(std::int64_t count, std::int64_t elements, Body&& body) {
  constexpr std::int64_t kParts = 64;  // enough for every thread of a large processor, few enough for the stack
  std::array<Partial, kParts> partials{};
  const std::int64_t size = ceil_div(count, kParts);
#pragma omp parallel for schedule(static) if (elements >= kParallelElements)
  for (std::int64_t part = 0; part < kParts; ++part) {
    const std::int64_t begin = std::min(part * size, count), end = std::min(begin + size, count);
    partials[static_cast<std::size_t>(part)] = body(begin, end);
  }
  Partial total{};
  for (const Partial& partial : partials) total += partial;
  return total;
}

}  // namespace kernels::cpu
