#pragma once
#include "engine/tensor.h"

namespace engine {

// Of an f32 or bf16 tensor of any shape, into an f32 scalar []. Accumulated in double; the result does not depend on
// the thread count.

/// The sum of all elements; 0 for none.
Tensor sum(const Tensor& x);
/// The mean of all elements. Throws when there are none.
Tensor mean(const Tensor& x);

}  // namespace engine
