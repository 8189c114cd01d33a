#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "kernels/cpu/simd.h"

namespace kernels::cpu {

typedef float HalfFloats __attribute__((vector_size(2 * kLanes)));
typedef double Doubles __attribute__((vector_size(4 * kLanes)));

/// Sums term(i, V), for whole vectors and single elements, in double: each vector lane first, then over the lanes.
template <class Term>
double sum_of(std::int64_t count, const Term& term) {
  Doubles low{}, high{};
  double total = 0;
  for_each_vector(count, [&]<class V>(std::int64_t i, V vector) {
    const V value = term(i, vector);
    if constexpr (std::is_same_v<V, Floats>) {
      const auto halves = std::bit_cast<std::array<HalfFloats, 2>>(value);
      low += __builtin_convertvector(halves[0], Doubles);
      high += __builtin_convertvector(halves[1], Doubles);
    } else {
      total += value;
    }
  });
  for (int lane = 0; lane < kLanes / 2; ++lane) total += low[lane] + high[lane];
  return total;
}

}  // namespace kernels::cpu
