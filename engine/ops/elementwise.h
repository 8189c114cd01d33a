#pragma once
#include "engine/tensor.h"

namespace engine {

// Element-wise operations on tensors of one shape and dtype (f32 or bf16). They throw if a and b differ in either.

/// a + b. Both gradients are dy itself, without a copy.
Tensor add(const Tensor& a, const Tensor& b);
/// a * b.
Tensor multiply(const Tensor& a, const Tensor& b);
/// alpha * x.
Tensor scale(const Tensor& x, float alpha);
/// max(x, 0), with gradient 0 at 0; NaN stays NaN.
Tensor relu(const Tensor& x);

}  // namespace engine
