#include "engine/optim/segments.h"

#include <algorithm>

#include "kernels/optimizer.h"
#include "kernels/runtime/rounding.h"

namespace engine {

Tensor segment_blocks(const ParameterSet& parameters) {
  using kernels::kSegmentBlock;
  std::vector<std::int32_t> blocks(static_cast<std::size_t>(parameters.values().elements() / kSegmentBlock));
  std::int32_t segment = 0;
  for (const ParameterInfo& info : parameters.parameters()) {
    const std::int64_t begin = info.offset / kSegmentBlock;
    const std::int64_t end = ceil_div(info.offset + info.shape.elements(), kSegmentBlock);
    std::fill(blocks.begin() + begin, blocks.begin() + end, segment++);
  }
  return Tensor::from(parameters.values().context(), {static_cast<std::int64_t>(blocks.size())}, blocks);
}

Tensor segment_settings(const ParameterSet& parameters, const std::function<double(const ParameterInfo&)>& setting) {
  std::vector<float> settings;
  for (const ParameterInfo& info : parameters.parameters()) settings.push_back(static_cast<float>(setting(info)));
  return Tensor::from(parameters.values().context(), {static_cast<std::int64_t>(settings.size())}, settings);
}

}  // namespace engine
