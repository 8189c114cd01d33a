#pragma once
#include <optional>

#include "engine/tensor.h"

namespace engine {

struct Conv2dTransposeOptions {
  std::int64_t stride = 1;
  std::int64_t pad = 0;  ///< rows and columns that are cut off on every side
  /// Rows and columns of y. A convolution with a stride above 1 gives several sizes the same output; default: the
  /// smallest of them.
  std::optional<std::int64_t> height = {}, width = {};
};

/// The adjoint of `conv2d` with the same weight, stride and padding, also called deconvolution: x [N,P,Q,K] and weight
/// [K,R,S,C], both f32 or both bf16; y [N,H,W,C] in the same dtype,
///   y[n,h,w,c] = bias[c] + sum over k, r, s with h = p stride + r - pad, w = q stride + s - pad of
///                x[n,p,q,k] weight[k,r,s,c].
/// The bias is f32 [C], or an undefined tensor for none. Weights have the layout of PyTorch's ConvTranspose2d in files:
/// [K,C,R,S], as those of a convolution.
Tensor conv2d_transpose(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        Conv2dTransposeOptions options = {});

}  // namespace engine
