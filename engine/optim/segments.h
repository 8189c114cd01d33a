#pragma once
#include <functional>

#include "engine/parameters.h"

namespace engine {

// The segments of a ParameterSet's flat buffers for the optimizer kernels: one per parameter, in the set's order.

/// The segment of each block of kernels::kSegmentBlock elements, i32.
Tensor segment_blocks(const ParameterSet& parameters);
/// The value of setting(parameter) for each segment, f32.
Tensor segment_settings(const ParameterSet& parameters, const std::function<double(const ParameterInfo&)>& setting);

}  // namespace engine
