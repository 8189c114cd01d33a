#pragma once
#include "engine/tensor.h"

namespace engine {

// Both operations copy nothing: the result shares x's buffer, and the returned gradient shares dy's.

/// x with another shape of as many elements; throws if the numbers differ, naming both shapes.
Tensor reshape(const Tensor& x, Shape shape);
/// x [N,...] as a matrix [N,M], where M is the number of elements of one example.
Tensor flatten(const Tensor& x);

}  // namespace engine
