#pragma once
#include "kernels/kernel.h"

namespace kernels {

/// Rows shorter than 1e-6 are divided by 1e-6 (a floor of 1e-12 on the squared norm), so that a zero row stays zero.
inline constexpr float kNormalizeFloor = 1e-12f;
inline constexpr float kNormalizeLargestFactor = 1e6f;

// y_i = x_i * inv_norm_i,  inv_norm_i = 1 / sqrt(max(|x_i|^2, 1e-12))
struct L2NormalizeForward {
  ConstView x;    // [N,d] f32 or bf16
  View y;         // [N,d]
  View inv_norm;  // [N] f32
  Cost cost() const { return {.bytes = 2 * bytes_of(x) + bytes_of(inv_norm), .operations = 3 * x.shape.elements()}; }
};
// dx_i (+)= (dy_i - (dy_i . y_i) y_i) inv_norm_i, or dy_i * 1e6 for a row at the floor, where y is linear in x
struct L2NormalizeBackward {
  ConstView dy, y, inv_norm;
  Destination dx;
  Cost cost() const {
    return {.bytes = bytes_of(dy) + bytes_of(y) + bytes_of(inv_norm) + bytes_of(dx),
            .operations = 5 * y.shape.elements()};
  }
};

KERNEL(l2_normalize_forward, L2NormalizeForward);
KERNEL(l2_normalize_backward, L2NormalizeBackward);

}  // namespace kernels
