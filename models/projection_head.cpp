#include "models/projection_head.h"

namespace models {

using engine::Initializer;
using engine::Tensor;

ProjectionHead::ProjectionHead(const engine::Scope& scope, const Options& options) {
  EXPECTS(options.layers >= 1, "projection head: expected at least 1 layer, got ", options.layers);
  std::int64_t in = options.in;
  for (std::int64_t number = 1; number <= options.layers; ++number) {
    const bool last = number == options.layers;
    const std::int64_t out = last ? options.out : options.hidden > 0 ? options.hidden : options.in;
    const Initializer kernel = options.glorot ? Initializer::glorot_uniform(in, out) : Initializer::normal(0.01);
    const Linear linear(scope / engine::concat("linear", number), {.in = in, .out = out, .kernel = kernel});
    std::optional<BatchNorm> batch_norm;
    if (!last || options.output_batch_norm) {
      batch_norm.emplace(scope / engine::concat("bn", number), out,
                         BatchNorm::Options{.numeric = options.batch_norm, .beta = !last});
    }
    layers_.push_back({{.name = engine::concat("layer", number), .channels = out}, linear, batch_norm});
    in = out;
  }
}

std::vector<Tap> ProjectionHead::taps() const {
  std::vector<Tap> taps;
  for (const Layer& layer : layers_) taps.push_back(layer.tap);
  return taps;
}

Tensor ProjectionHead::forward(const Tensor& features, engine::Mode mode, Taps* taps) const {
  Tensor x = features;
  for (const Layer& layer : layers_) {
    const bool last = &layer == &layers_.back();
    x = layer.linear(x, mode, {.f32_output = last});
    if (layer.batch_norm) x = (*layer.batch_norm)(x, mode, {.relu = !last});
    if (taps) taps->offer(layer.tap.name, x);
  }
  return x;
}

}  // namespace models
