#pragma once
#include "engine/tensor.h"

namespace engine {

struct Conv2dOptions {
  std::int64_t stride = 1;
  std::int64_t pad = 0;  ///< zeros on every side
};

/// Convolution without bias: x [N,H,W,C] and weight [K,R,S,C], both f32 or both bf16; y [N,P,Q,K] in the same dtype,
/// with P = (H + 2 pad - R) / stride + 1.
Tensor conv2d(const Tensor& x, const Tensor& weight, Conv2dOptions options = {});

}  // namespace engine
