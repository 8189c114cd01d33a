#include "models/projection_head.h"

#include "engine/ops/linear.h"

namespace models {

using engine::Initializer;
using engine::Part;
using engine::Tensor;

ProjectionHead::ProjectionHead(engine::ParameterSet& parameters, const Options& options) {
  EXPECTS(options.layers >= 1 && options.layers <= 4, "projection head: expected 1 to 4 layers, got ", options.layers);
  std::int64_t in = options.in;
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    const bool last = layer + 1 == options.layers;
    const std::int64_t out = last ? options.out : options.hidden > 0 ? options.hidden : options.in;
    const std::string number = std::to_string(layer + 1);
    weights_.push_back(parameters.add(
        "projector.linear" + number + ".weight", {out, in}, engine::ParameterKind::kernel, Part::projector,
        options.glorot ? Initializer::glorot_uniform(in, out) : Initializer::normal(0.01)));
    if (!last || options.output_batch_norm) {
      batch_norms_.emplace_back(parameters, Part::projector, "projector.bn" + number, out,
                                BatchNorm::Options{.numeric = options.batch_norm, .beta = !last});
    }
    in = out;
  }
}

Tensor ProjectionHead::forward(const Tensor& features, engine::Mode mode) const {
  Tensor x = features;
  for (std::size_t layer = 0; layer < weights_.size(); ++layer) {
    const bool last = layer + 1 == weights_.size();
    {
      const engine::LayerRange range(x.context(), weights_[layer].layer());
      x = engine::linear(x, weights_[layer].tensor(mode, x.dtype()), {}, {.f32_output = last});
    }
    if (layer < batch_norms_.size()) x = batch_norms_[layer](x, mode, {.relu = !last});
  }
  return x;
}

}  // namespace models
