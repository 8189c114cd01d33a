#pragma once
#include "engine/tensor.h"

namespace engine {

// Neither copies: the result shares x's buffer, and so does the gradient that is handed back.

/// x under another shape with as many elements; throws, naming both, when they differ.
Tensor reshape(const Tensor& x, Shape shape);
/// x [N,...] as a matrix [N,M], M the elements of one example.
Tensor flatten(const Tensor& x);

}  // namespace engine
