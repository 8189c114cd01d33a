#pragma once
#include "engine/tensor.h"

namespace engine {

// Reductions of an f32 or bf16 tensor of any shape to an f32 scalar []. Accumulated in double; the result does not
// depend on the number of threads.

/// The sum of all elements; 0 if there are none.
Tensor sum(const Tensor& x);
/// The mean of all elements. Throws if there are none.
Tensor mean(const Tensor& x);

}  // namespace engine
