#include "kernels/cpu/tile_product.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/numeric.h"

using namespace kernels::cpu;

namespace {

int round_up(int value, int step) { return (value + step - 1) / step * step; }

/// c (+)= a b, where a is row-major or, if `transposed`, column-major, against a plain loop in double.
void check(int rows, int cols, int depth, bool transposed, bool accumulate) {
  CAPTURE(rows);
  CAPTURE(cols);
  CAPTURE(depth);
  const int padded_rows = round_up(rows, kPatchRows), padded_cols = round_up(cols, kPatchCols);
  const std::ptrdiff_t a_row = transposed ? 1 : depth, a_depth = transposed ? padded_rows : 1;
  const std::vector<float> a = tests::random_values(padded_rows * depth, 1);
  const std::vector<float> b = tests::random_values(depth * padded_cols, 2);
  std::vector<float> c = tests::random_values(padded_rows * padded_cols, 3);
  const std::vector<float> before = c;

  (accumulate ? tile_product_accumulate : tile_product)({.a = a.data(),
                                                         .a_row = a_row,
                                                         .a_depth = a_depth,
                                                         .b = b.data(),
                                                         .b_depth = padded_cols,
                                                         .b_panel = kPatchCols,
                                                         .c = c.data(),
                                                         .c_row = padded_cols,
                                                         .rows = rows,
                                                         .cols = cols,
                                                         .depth = depth});
  std::vector<float> actual;
  std::vector<double> expected;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < cols; ++j) {
      const auto at = static_cast<std::size_t>(i * padded_cols + j);
      double sum = accumulate ? before[at] : 0;
      for (int k = 0; k < depth; ++k) {
        sum += static_cast<double>(a[static_cast<std::size_t>(i * a_row + k * a_depth)]) *
               b[static_cast<std::size_t>(k * padded_cols + j)];
      }
      actual.push_back(c[at]);
      expected.push_back(sum);
    }
  }
  tests::expect_close(actual, expected, 1e-6 * (1 + depth / 16.0));
}

}  // namespace

TEST_CASE("tile_product: matches a plain loop for every remainder of rows and columns") {
  for (const int rows : {1, 5, 6, 7, 12, 13, 96}) {
    for (const int cols : {1, 15, 16, 17, 32, 33, 96}) {
      for (const int depth : {1, 3, 64}) {
        for (const bool transposed : {false, true}) {
          check(rows, cols, depth, transposed, false);
          check(rows, cols, depth, transposed, true);
        }
      }
    }
  }
}

TEST_CASE("tile_product: an empty sum writes zeros, or adds nothing") {
  check(7, 17, 0, false, false);
  check(7, 17, 0, false, true);
}
