#pragma once
#include "engine/tensor.h"

namespace engine {

// On tensors of one shape and dtype (f32 or bf16), element by element. Throw when a and b differ in either.

/// a + b. Both gradients are dy itself, handed on without a copy.
Tensor add(const Tensor& a, const Tensor& b);
/// a * b.
Tensor multiply(const Tensor& a, const Tensor& b);
/// alpha * x.
Tensor scale(const Tensor& x, float alpha);
/// max(x, 0), with gradient 0 at 0; NaN stays NaN.
Tensor relu(const Tensor& x);

}  // namespace engine
