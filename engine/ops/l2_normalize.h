#pragma once
#include "engine/tensor.h"

namespace engine {

/// Scales each row of x [N,d] (f32 or bf16) to length 1: x / sqrt(max(|x|^2, 1e-12)). A row shorter than 1e-6, and its
/// gradient, are multiplied by 1e6 instead.
Tensor l2_normalize(const Tensor& x);

}  // namespace engine
