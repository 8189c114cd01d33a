#include "models/conv_n.h"

#include "engine/ops/reshape.h"

namespace models {

using engine::Initializer;
using engine::Scope;
using engine::Tensor;

namespace {

constexpr std::int64_t kPixels = 2 * 2;  // pixels after the convolutions

std::vector<Tap> taps_of(std::int64_t width) {
  std::vector<Tap> taps;
  for (const std::int64_t channels : {32, 64, 64}) {
    taps.push_back({.name = engine::concat("conv", taps.size() + 1), .channels = channels * width, .spatial = true});
  }
  return taps;
}

std::vector<ConvBn> convolutions(const Scope& scope, const std::vector<Tap>& taps, const ConvN::Options& options) {
  std::vector<ConvBn> result;
  std::int64_t in = options.in_channels;
  for (const auto& [name, out, spatial] : taps) {
    result.push_back(
        {.convolution = {scope / name,
                         {.in = in, .out = out, .stride = 2, .kernel = Initializer::glorot_uniform(9 * in, 9 * out)}},
         .batch_norm = {scope / engine::concat("bn", result.size() + 1), out, {.numeric = options.batch_norm}}});
    in = out;
  }
  return result;
}

BatchNorm::Options after_dense(engine::BatchNormOptions numeric) {
  numeric.unbiased_variance = false;
  return {.numeric = numeric};
}

}  // namespace

ConvN::ConvN(const Scope& scope, const Options& options)
    : in_channels_(options.in_channels),
      features_(128 * options.width),
      taps_(taps_of(options.width)),
      convolutions_(convolutions(scope, taps_, options)),
      dense_(scope / "dense", {.in = kPixels * taps_.back().channels,
                               .out = features_,
                               .kernel = Initializer::glorot_uniform(kPixels * taps_.back().channels, features_)}),
      dense_batch_norm_(scope / "bn4", features_, after_dense(options.batch_norm)) {}

Tensor ConvN::forward(const Tensor& images, engine::Mode mode, Taps* taps) const {
  EXPECTS(images.shape().rank() == 4 && images.shape()[1] == 28 && images.shape()[2] == 28 &&
              images.shape()[3] == in_channels_,
          "convn: images must be [N,28,28,", in_channels_, "], got ", images.shape());
  Tensor x = images;
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    x = convolutions_[i](x, mode, {.relu = true});
    if (taps) taps->offer(taps_[i].name, x);
  }
  return dense_batch_norm_(dense_(engine::flatten(x), mode), mode, {.relu = true});
}

}  // namespace models
