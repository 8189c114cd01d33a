#pragma once
#include "engine/tensor.h"

namespace engine {

/// The mean over each image: x [N,H,W,C] (f32 or bf16, H and W at least 1) to [N,C].
Tensor global_average_pool(const Tensor& x);

}  // namespace engine
