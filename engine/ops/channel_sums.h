#pragma once
#include <utility>

#include "engine/tensor.h"

namespace engine {

/// A tensor x [...,C], and what its maker may know of it beside. A tensor alone will do.
struct WithChannelSums {
  WithChannelSums(Tensor tensor, Tensor channel_sums = {}) : x(std::move(tensor)), sums(std::move(channel_sums)) {}
  Tensor x;
  Tensor sums;  ///< {sum x, sum x^2} over all but the channels, f32 [2,C]; or undefined
};

}  // namespace engine
