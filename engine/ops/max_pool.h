#pragma once
#include "engine/tensor.h"

namespace engine {

struct MaxPoolOptions {
  /// Number of positions before the first and after the last pixel that windows may cover.
  struct Padding {
    std::int64_t before = 0, after = 0;
  };
  std::int64_t window = 3;  ///< rows and columns, at most 16
  std::int64_t stride = 2;
  Padding rows{}, columns{};

  /// TensorFlow's SAME: P = ceil(H / stride). The required padding is split evenly; an odd one goes after the last
  /// pixel.
  static Padding same(std::int64_t size, std::int64_t window, std::int64_t stride);
};

/// The maximum of each window, without padding: x [N,H,W,C] (f32 or bf16) to y [N,P,Q,C] with P = (H + before + after -
/// window) / stride + 1. The gradient goes to the first maximum of a window in row order. NaN propagates.
Tensor max_pool(const Tensor& x, const MaxPoolOptions& options);

}  // namespace engine
