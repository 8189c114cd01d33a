#pragma once
#include "kernels/kernel.h"

namespace kernels::cpu {

/// Calls `body` with a null pointer whose type is the element type of `dtype`: f32 or bf16.
template <class Body>
void with_float_type(Dtype dtype, Body&& body) {
  switch (dtype) {
    case Dtype::f32: return body(static_cast<float*>(nullptr));
    case Dtype::bf16: return body(static_cast<bf16*>(nullptr));
    default: throw engine::Error(engine::concat("expected f32 or bf16 elements, got ", engine::name(dtype)));
  }
}

/// Below this many elements a parallel region costs more than it gains.
inline constexpr std::int64_t kParallelElements = 1 << 14;

/// body(i) for every element, in parallel and vectorised where it is worth it.
template <class Body>
void parallel_elements(std::int64_t count, Body&& body) {
#pragma omp parallel for simd schedule(static) if (count >= kParallelElements)
  for (std::int64_t i = 0; i < count; ++i) body(i);
}

/// to[i] = value(i), or += when the destination accumulates.
template <class T, class Value>
void write_elements(const Destination& to, Value&& value) {
  T* y = to.view.as<T>();
  const std::int64_t count = to.view.shape.elements();
  if (to.accumulate) {
    parallel_elements(count, [=](std::int64_t i) { y[i] = T(static_cast<float>(y[i]) + value(i)); });
  } else {
    parallel_elements(count, [=](std::int64_t i) { y[i] = T(value(i)); });
  }
}

}  // namespace kernels::cpu
