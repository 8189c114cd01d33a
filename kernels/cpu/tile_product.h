#pragma once
#include <cstddef>

#include "kernels/cpu/simd.h"

namespace kernels::cpu {

// The product is built from patches of kPatchRows x kPatchCols that stay in registers: 12 of AVX's 16 vector registers
// (24 of AVX-512's 32) hold sums, enough to hide the latency of two fused multiply-adds per cycle.
inline constexpr int kPatchRows = kLanes == 16 ? 12 : 6;
inline constexpr int kPatchCols = 2 * kLanes;

/// A small matrix product on one thread, with operands in the first- and second-level caches.
/// c[i,j] = sum_k a[i,k] b[k,j] for i < rows, j < cols, k < depth, strides in floats.
///
/// a is addressed element by element, so that either index may be contiguous. b and c consist of whole patches: panel q
/// holds columns [q, q + 1) * kPatchCols. Rows and columns are rounded up to whole patches: up to there a and b must be
/// readable, and c is written. Each sum is one chain of multiply-adds over ascending k.
struct TileProduct {
  const float* a;
  std::ptrdiff_t a_row, a_depth;
  const float* b;
  std::ptrdiff_t b_depth, b_panel;
  float* c;
  std::ptrdiff_t c_row;
  int rows, cols, depth;
};
void tile_product(const TileProduct& args);
/// c += a b.
void tile_product_accumulate(const TileProduct& args);

}  // namespace kernels::cpu
