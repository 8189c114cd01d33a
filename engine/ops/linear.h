#pragma once
#include "engine/tensor.h"

namespace engine {

struct LinearOptions {
  bool f32_output = false;  ///< with bf16 x and weight: y is f32, so that a loss reads unrounded values
};

/// y = x weight^T + bias: x [N,C] and weight [K,C], both f32 or both bf16; bias f32 [K], or an undefined tensor for
/// none; y [N,K] in the dtype of x, or f32.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, LinearOptions options = {});

}  // namespace engine
