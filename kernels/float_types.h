#pragma once
#include "kernels/kernel.h"

namespace kernels {

/// Calls `body` with a null pointer whose type is the element type of `dtype`: f32 or bf16.
template <class Body>
void with_float_type(Dtype dtype, Body&& body) {
  switch (dtype) {
    case Dtype::f32: return body(static_cast<float*>(nullptr));
    case Dtype::bf16: return body(static_cast<bf16*>(nullptr));
    default: throw engine::Error(engine::concat("expected f32 or bf16 elements, got ", engine::name(dtype)));
  }
}

}  // namespace kernels
