#pragma once
#include <cstdint>

namespace models {

/// The number of channels of a layer in a network that is `width` times as wide. A fractional width gives the nearest
/// multiple of 8, and at least 8: others fill no vectors of the processor.
std::int64_t scaled_channels(std::int64_t channels, double width);

}  // namespace models
