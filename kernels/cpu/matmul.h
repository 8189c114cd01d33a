#pragma once
#include <cstdint>

namespace kernels::cpu {

struct MatmulSize {
  std::int64_t m, n, k;  ///< c is m x n, the inner dimension is k
};

struct MatmulOptions {
  bool transpose_a = false, transpose_b = false, accumulate = false;
};

/// c (+)= op(a) op(b) on dense row-major f32 matrices, by oneDNN. With the same sizes and thread count, bit-repeatable.
void matmul(MatmulSize size, const float* a, const float* b, float* c, MatmulOptions options = {});

}  // namespace kernels::cpu
