#pragma once
#include "kernels/float_types.h"

namespace kernels::cpu {

/// to = value, rounded to T. Not `to = T(value)`: GCC 12 does not vectorise loops that copy a bf16 as a struct.
inline void store(float& to, float value) { to = value; }
inline void store(bf16& to, float value) { to.bits = bf16(value).bits; }

/// Below this many elements a parallel region costs more than it gains.
inline constexpr std::int64_t kParallelElements = 1 << 14;

/// body(i) for every element, vectorised, and in parallel if there are enough elements.
template <class Body>
void parallel_elements(std::int64_t count, const Body& body) {
#pragma omp parallel if (count >= kParallelElements)
  {
    const Body own = body;  // a local copy: loops that read captures through a reference are not vectorised
#pragma omp for simd schedule(static)
    for (std::int64_t i = 0; i < count; ++i) own(i);
  }
}

/// to[i] = value(i), or += when the destination accumulates.
template <class T, class Value>
void write_elements(const Destination& to, const Value& value) {
  T* y = to.view.as<T>();
  const std::int64_t count = to.view.shape.elements();
  if (to.accumulate) {
    parallel_elements(count, [=](std::int64_t i) { store(y[i], static_cast<float>(y[i]) + value(i)); });
  } else {
    parallel_elements(count, [=](std::int64_t i) { store(y[i], value(i)); });
  }
}

}  // namespace kernels::cpu
