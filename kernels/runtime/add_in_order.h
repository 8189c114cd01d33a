#pragma once
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/runtime/dtype.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/views.h"

namespace engine {

/// to[i] = the sum of parts[rank * count + i] in the order of the ranks; bf16 is added in f32 and rounded once. `to`
/// may be one of the parts.
template <class T>
void add_in_order(T* to, const T* parts, std::int64_t count, int ranks) {
  using Sum = std::conditional_t<std::is_same_v<T, bf16>, float, T>;
  constexpr std::int64_t kBlock = 512;
  Sum sums[kBlock];
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t size = std::min(kBlock, count - begin);
    for (std::int64_t i = 0; i < size; ++i) sums[i] = static_cast<Sum>(parts[begin + i]);
    for (int rank = 1; rank < ranks; ++rank) {
      const T* part = parts + rank * count + begin;
      for (std::int64_t i = 0; i < size; ++i) sums[i] += static_cast<Sum>(part[i]);
    }
    for (std::int64_t i = 0; i < size; ++i) to[begin + i] = static_cast<T>(sums[i]);
  }
}

/// Calls body(T*) with x's memory, for the types that can be summed.
template <class Body>
void with_summed_type(const char* name, const View& x, const Body& body) {
  switch (x.dtype) {
    case Dtype::f32: return body(x.as<float>());
    case Dtype::f64: return body(x.as<double>());
    case Dtype::bf16: return body(x.as<bf16>());
    case Dtype::i32:
    case Dtype::i64:
    case Dtype::u8: break;
  }
  throw Error(concat(name, ": sums are of f32, f64 or bf16, got ", engine::name(x.dtype)));
}

}  // namespace engine
