#pragma once
#include "engine/tensor.h"

namespace engine {

// Rows are slices of the first dimension: of two views of a batch encoded together, one below the other.

/// a [Na,...] above b [Nb,...], which agree in dtype and in all other dimensions: [Na+Nb,...]. One copy of each; the
/// gradients are ranges of dy, not copies.
Tensor concat_rows(const Tensor& a, const Tensor& b);
/// Rows [begin, begin + count) of x, sharing its buffer; throws when they are not inside it. x: f32 or bf16.
Tensor slice_rows(const Tensor& x, std::int64_t begin, std::int64_t count);

}  // namespace engine
