#include "models/conv_n.h"

#include <algorithm>

#include "engine/ops/reshape.h"
#include "models/width.h"

namespace models {

using engine::Initializer;
using engine::Scope;
using engine::Tensor;

namespace {

constexpr std::int64_t kWindow = 3, kStride = 2;

std::vector<Tap> taps_of(double width) {
  std::vector<Tap> taps;
  for (std::size_t i = 0; i + 1 < ConvN::kChannels.size(); ++i) {
    taps.push_back({.name = engine::concat("conv", i + 1),
                    .channels = scaled_channels(ConvN::kChannels[i], width),
                    .spatial = true});
  }
  return taps;
}

/// What the convolutions leave of a side of an image.
std::int64_t after_convolutions(std::int64_t size) {
  for (std::size_t i = 0; i + 1 < ConvN::kChannels.size(); ++i) size = (size - kWindow) / kStride + 1;
  return size;
}

/// What the linear layer takes.
std::int64_t flattened(const ConvN::Options& options, const Tap& last) {
  EXPECTS(std::min(options.image_height, options.image_width) >= ConvN::kSmallestImage,
          "convn: no side of an image may be below ", ConvN::kSmallestImage, ", got ", options.image_height, " x ",
          options.image_width);
  return after_convolutions(options.image_height) * after_convolutions(options.image_width) * last.channels;
}

std::vector<ConvBn> convolutions(const Scope& scope, const std::vector<Tap>& taps, const ConvN::Options& options) {
  std::vector<ConvBn> result;
  std::int64_t in = options.in_channels;
  for (const auto& [name, out, spatial] : taps) {
    result.push_back(
        {.convolution = {scope / name,
                         {.in = in,
                          .out = out,
                          .size = kWindow,
                          .stride = kStride,
                          .kernel = Initializer::glorot_uniform(kWindow * kWindow * in, kWindow * kWindow * out)}},
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
    : options_(options),
      features_(scaled_channels(kChannels.back(), options.width)),
      taps_(taps_of(options.width)),
      convolutions_(convolutions(scope, taps_, options)),
      dense_(scope / "dense", {.in = flattened(options, taps_.back()),
                               .out = features_,
                               .kernel = Initializer::glorot_uniform(flattened(options, taps_.back()), features_)}),
      dense_batch_norm_(scope / "bn4", features_, after_dense(options.batch_norm)) {}

Tensor ConvN::forward(const Tensor& images, engine::Mode mode, Taps* taps) const {
  const engine::Shape& shape = images.shape();
  const std::int64_t height = options_.image_height, width = options_.image_width, channels = options_.in_channels;
  EXPECTS(shape.rank() == 4 && shape[1] == height && shape[2] == width && shape[3] == channels,
          "convn: images must be [N,", height, ',', width, ',', channels, "], got ", shape);
  Tensor x = images;
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    x = convolutions_[i](x, mode, {.relu = true});
    if (taps) taps->offer(taps_[i].name, x);
  }
  return dense_batch_norm_(dense_(engine::flatten(x), mode), mode, {.relu = true});
}

}  // namespace models
