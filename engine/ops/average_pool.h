#pragma once
#include "engine/tensor.h"

namespace engine {

struct AveragePoolOptions {
  std::int64_t window = 2;  ///< rows and columns
  std::int64_t stride = 2;
  std::int64_t after = 0;       ///< padding after the last row and column, less than the window
  bool counts_padding = false;  ///< it counts as zeros; otherwise a window's mean is over pixels of the image alone
};

/// The mean of each window: x [N,H,W,C] (f32 or bf16) to y [N,P,Q,C] with P = (H + after - window) / stride + 1.
Tensor average_pool(const Tensor& x, const AveragePoolOptions& options);

}  // namespace engine
