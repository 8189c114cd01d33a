#pragma once
#include <compare>
#include <cstdint>

#include "kernels/kernel.h"

namespace kernels::cpu {

struct MatmulSize {
  std::int64_t m, n, k;  ///< c is m x n, the inner dimension is k
  friend auto operator<=>(const MatmulSize&, const MatmulSize&) = default;
};

struct MatmulOptions {
  bool transpose_a = false, transpose_b = false, accumulate = false;
};

/// c (+)= op(a) op(b) on dense row-major f32 matrices, by oneDNN. Bit-repeatable for equal sizes and thread counts.
void matmul(MatmulSize size, const float* a, const float* b, float* c, MatmulOptions options = {});

struct Bf16MatmulOptions {
  bool transpose_a = false, transpose_b = false;
  const float* bias = nullptr;  ///< [n], added to every row
};

/// The same for bf16 matrices: c, f32 or bf16, is summed in f32 and rounded once. Not callable inside a parallel
/// region.
void matmul(const Context& context, MatmulSize size, const bf16* a, const bf16* b, const Destination& c,
            Bf16MatmulOptions options = {});

}  // namespace kernels::cpu
