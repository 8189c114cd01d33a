#pragma once
#include <functional>

#include "engine/parameters.h"

namespace engine {

// A ParameterSet's flat buffers as the optimizer kernels see them: one segment per parameter, in the set's order.

/// The segment of each block of kernels::kSegmentBlock elements, i32.
Tensor segment_blocks(const ParameterSet& parameters);
/// setting(parameter) of each segment, f32.
Tensor segment_settings(const ParameterSet& parameters, const std::function<double(const ParameterInfo&)>& setting);

}  // namespace engine
