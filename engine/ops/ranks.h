#pragma once
#include "engine/tensor.h"

namespace engine {

/// The mean over the ranks of an f32 scalar that each has computed from its part of a batch, such as a mean over its
/// rows; parts are equal. Its gradient on a rank is that of the whole mean with respect to the rank's own scalar, so
/// that the ranks' gradients of a parameter add up. With one rank this is x itself.
Tensor mean_over_ranks(const Tensor& x);

}  // namespace engine
