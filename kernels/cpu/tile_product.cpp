#include "kernels/cpu/tile_product.h"

namespace kernels::cpu {
namespace {

template <bool kAccumulate>
inline void patch(const float* a, std::ptrdiff_t a_row, std::ptrdiff_t a_depth, const float* b, std::ptrdiff_t b_depth,
                  float* c, std::ptrdiff_t c_row, int depth) {
  Floats sums[kPatchRows][2] = {};
  for (int k = 0; k < depth; ++k) {
    const Floats b0 = load(b), b1 = load(b + kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < kPatchRows; ++r) {
      const float element = a[r * a_row];
      sums[r][0] += element * b0;
      sums[r][1] += element * b1;
    }
    a += a_depth;
    b += b_depth;
  }
#pragma GCC unroll 12
  for (int r = 0; r < kPatchRows; ++r) {
    float* to = c + r * c_row;
    store(to, kAccumulate ? load(to) + sums[r][0] : sums[r][0]);
    store(to + kLanes, kAccumulate ? load(to + kLanes) + sums[r][1] : sums[r][1]);
  }
}

/// Panels are the outer loop: one panel of b (at most a few KiB) stays in the first-level cache while all rows of a are
/// read.
template <bool kAccumulate>
void product(const TileProduct& t) {
  const float* b = t.b;
  for (int col = 0; col < t.cols; col += kPatchCols, b += t.b_panel) {
    for (int row = 0; row < t.rows; row += kPatchRows) {
      patch<kAccumulate>(t.a + row * t.a_row, t.a_row, t.a_depth, b, t.b_depth, t.c + row * t.c_row + col, t.c_row,
                         t.depth);
    }
  }
}

}  // namespace

void tile_product(const TileProduct& args) { product<false>(args); }
void tile_product_accumulate(const TileProduct& args) { product<true>(args); }

}  // namespace kernels::cpu
