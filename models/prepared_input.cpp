#include "models/prepared_input.h"

#include <algorithm>
#include <utility>

#include "engine/ops/batch_norm.h"
#include "engine/ops/convert.h"
#include "engine/ops/linear.h"

namespace models {

using engine::Tensor;

namespace {

constexpr std::int64_t kColours = 3;

bool widens(const InputOptions& options, const InputChannels& channels) {
  return options.gray_as_rgb && channels.image == 1;
}

std::int64_t colours(const InputOptions& options, const InputChannels& channels) {
  return widens(options, channels) ? kColours : channels.image;
}

}  // namespace

std::int64_t prepared_channels(const InputOptions& options, const InputChannels& channels) {
  return colours(options, channels) + channels.planes;
}

PreparedInput::PreparedInput(std::unique_ptr<Encoder> encoder, const InputOptions& options,
                             const InputChannels& channels)
    : encoder_(std::move(encoder)), options_(options), channels_(channels) {
  const auto given = static_cast<std::int64_t>(options.normalization.mean.size());
  EXPECTS(given <= 1 || given == colours(options, channels), "normalization: ", options.normalization.text(),
          " is for ", given, " channels, and the images have ", colours(options, channels));
}

PreparedInput::Constants PreparedInput::make(const engine::Context& context, engine::Dtype dtype) const {
  const std::int64_t out = prepared_channels(options_, channels_), in = channels_.image + channels_.planes;
  Constants constants;
  if (widens(options_, channels_)) {
    std::vector<float> weight(static_cast<std::size_t>(out * in));
    for (std::int64_t i = 0; i < out; ++i)
      weight[static_cast<std::size_t>(i * in + std::max<std::int64_t>(0, i + 1 - kColours))] = 1;
    constants.widen = engine::convert(Tensor::from<float>(context, {out, in}, weight), dtype);
  }
  if (const Normalization& normal = options_.normalization) {
    std::vector<float> mean(static_cast<std::size_t>(out)), scale(mean.size(), 1);
    for (std::size_t i = 0; i < static_cast<std::size_t>(out - channels_.planes); ++i) {
      const std::size_t from = normal.mean.size() == 1 ? 0 : i;
      mean[i] = static_cast<float>(normal.mean[from]);
      scale[i] = static_cast<float>(1 / normal.std[from]);
    }
    constants.mean = Tensor::from<float>(context, {out}, mean);
    constants.scale = Tensor::from<float>(context, {out}, scale);
    constants.variance = Tensor::from<float>(context, {out}, std::vector<float>(mean.size(), 1));
  }
  return constants;
}

Tensor PreparedInput::prepared(const Tensor& images) const {
  const engine::Shape& s = images.shape();
  const std::int64_t in = channels_.image + channels_.planes;
  EXPECTS(s.rank() == 4 && s[3] == in, "prepared input: images must be [N,H,W,", in, "], got ", s);
  if (!constants_.widen && !constants_.mean) constants_ = make(images.context(), images.dtype());
  const engine::LayerRange layer(images.context(), "input");
  Tensor x = images;
  if (constants_.widen) {
    x = engine::linear(x.view_as({s[0] * s[1] * s[2], s[3]}), constants_.widen)
            .view_as({s[0], s[1], s[2], prepared_channels(options_, channels_)});
  }
  if (constants_.mean) {  // a batch norm in inference mode, without its epsilon
    x = engine::batch_norm(x, constants_.scale, {},
                           {.mean = constants_.mean, .variance = constants_.variance, .batches = {}},
                           engine::Mode::evaluate, {.epsilon = 0});
  }
  return x;
}

Tensor PreparedInput::forward(const Tensor& images, engine::Mode mode, Taps* taps) const {
  return encoder_->forward(prepared(images), mode, taps);
}

}  // namespace models
