#pragma once
#include "engine/tensor.h"

namespace engine {

/// x (f32 or bf16) rounded to `dtype`, and its gradient to x's; x itself if it already has this dtype.
Tensor convert(const Tensor& x, Dtype dtype);

}  // namespace engine
