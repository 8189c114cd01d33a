#pragma once
#include "engine/tensor.h"

namespace engine {

// Rows are slices along the first dimension, such as the two views of a batch when they are encoded as one tensor.

/// Concatenates a [Na,...] and b [Nb,...], which must agree in dtype and all other dimensions: [Na+Nb,...]. Each input
/// is copied once; the gradients are ranges of dy, without a copy.
Tensor concat_rows(const Tensor& a, const Tensor& b);
/// Rows [begin, begin + count) of x (f32 or bf16), sharing its buffer. Throws if they are not all inside x.
Tensor slice_rows(const Tensor& x, std::int64_t begin, std::int64_t count);

}  // namespace engine
