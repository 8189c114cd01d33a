#include "models/probe_head.h"

#include "engine/ops/linear.h"

namespace models {

using engine::Initializer;
using engine::ParameterKind;
using engine::Part;

ProbeHead::ProbeHead(engine::ParameterSet& parameters, std::int64_t features, std::int64_t classes, Initializer kernel)
    : weight_(parameters.add("probe.weight", {classes, features}, ParameterKind::kernel, Part::probe, kernel)),
      bias_(parameters.add("probe.bias", {classes}, ParameterKind::bias, Part::probe, Initializer::constant(0))) {}

engine::Tensor ProbeHead::forward(const engine::Tensor& features, engine::Mode mode) const {
  const engine::LayerRange layer(features.context(), weight_.layer());
  return engine::linear(features.detach(), weight_.tensor(mode, features.dtype()), bias_.tensor(mode),
                        {.f32_output = true});
}

}  // namespace models
