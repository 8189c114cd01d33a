#pragma once
#include "engine/tensor.h"

namespace engine {

struct MaxPoolOptions {
  /// Positions outside the image that windows may cover, before its first and after its last pixel.
  struct Padding {
    std::int64_t before = 0, after = 0;
  };
  std::int64_t window = 3;  ///< rows and columns, at most 16
  std::int64_t stride = 2;
  Padding rows{}, columns{};

  /// TensorFlow's SAME: P = ceil(H / stride), and what padding that needs is split evenly, the odd one after.
  static Padding same(std::int64_t size, std::int64_t window, std::int64_t stride);
};

/// The largest value of each window, never a padding's: x [N,H,W,C] (f32 or bf16) to y [N,P,Q,C] with P = (H + before +
/// after - window) / stride + 1. The gradient goes to the first maximum of a window, row by row. NaN stays NaN.
Tensor max_pool(const Tensor& x, const MaxPoolOptions& options);

}  // namespace engine
