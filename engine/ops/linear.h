#pragma once
#include "engine/tensor.h"

namespace engine {

/// y = x weight^T + bias: x [N,C], weight [K,C], bias [K] or an undefined tensor for none; y [N,K].
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace engine
