#pragma once
#include "engine/tensor.h"

namespace engine {

struct LinearOptions {
  bool f32_output = false;  ///< of x and weight in bf16: what a loss reads is not rounded
};

/// y = x weight^T + bias: x [N,C] and weight [K,C] both f32 or both bf16, bias f32 [K] or an undefined tensor for none;
/// y [N,K] like x, or f32.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, LinearOptions options = {});

}  // namespace engine
