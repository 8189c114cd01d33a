#include "models/probe_head.h"

namespace models {

ProbeHead::ProbeHead(const engine::Scope& scope, std::int64_t features, std::int64_t classes,
                     engine::Initializer kernel)
    : linear_(scope, {.in = features, .out = classes, .kernel = kernel, .bias = true}) {}

engine::Tensor ProbeHead::forward(const engine::Tensor& features, engine::Mode mode) const {
  return linear_(features.detach(), mode, {.f32_output = true});
}

}  // namespace models
