#include "models/decoder.h"

#include <algorithm>

#include "engine/ops/reshape.h"
#include "kernels/runtime/rounding.h"

namespace models {

using engine::Initializer;
using engine::Scope;
using engine::Tensor;

namespace {

constexpr std::int64_t kWindow = 3, kStride = 2, kPad = 1;

/// What a convolution with this window, stride and padding makes of a side: half, rounded up. The windows cover every
/// pixel, so that none is left to the bias alone.
std::int64_t next_smaller(std::int64_t side) { return (side + 2 * kPad - kWindow) / kStride + 1; }

}  // namespace

/// From the smallest to the image itself, whose channels are its planes.
std::vector<Decoder::Size> Decoder::sizes(const Options& options) {
  constexpr std::int64_t kSmallest = 5, kFewestChannels = 32, kMostChannels = 256;
  EXPECTS(options.height >= kWindow && options.width >= kWindow, "decoder: expected images of at least ", kWindow, "x",
          kWindow, " pixels, got ", options.height, "x", options.width);
  std::vector<Size> sizes{{options.height, options.width, options.planes}};
  do {
    const Size& last = sizes.back();
    const std::int64_t fewest = std::max(kFewestChannels, engine::round_up(2 * options.planes, 8));
    const std::int64_t channels = sizes.size() == 1 ? fewest : std::min(2 * last.channels, kMostChannels);
    sizes.push_back({next_smaller(last.height), next_smaller(last.width), channels});
  } while (std::min(sizes.back().height, sizes.back().width) >= kSmallest);
  if (sizes.size() > 2) sizes.back().channels = sizes[sizes.size() - 2].channels;
  std::reverse(sizes.begin(), sizes.end());
  return sizes;
}

Decoder::Decoder(const Scope& scope, const Options& options) {
  const bool mlp = options.kind == DecoderKind::mlp;
  const std::vector<Size> all = mlp ? std::vector{Size{options.height, options.width, options.planes}} : sizes(options);
  smallest_ = all.front();
  const auto add_batch_norm = [&](std::int64_t channels, engine::BatchNormOptions numeric) {
    batch_norms_.emplace_back(scope / engine::concat("bn", batch_norms_.size() + 1), channels,
                              BatchNorm::Options{.numeric = numeric});
  };
  engine::BatchNormOptions after_linear = options.batch_norm;
  after_linear.unbiased_variance = false;
  const std::int64_t flat = smallest_.height * smallest_.width * smallest_.channels;
  std::int64_t in = options.latent;
  const std::vector<std::int64_t> widths =
      mlp ? std::vector{options.hidden, options.hidden, flat} : std::vector{flat / 2, flat};
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::int64_t out = widths[i];
    const bool last = mlp && i + 1 == widths.size();
    linears_.emplace_back(
        scope / engine::concat("linear", i + 1),
        Linear::Options{.in = in, .out = out, .kernel = Initializer::glorot_uniform(in, out), .bias = last});
    if (!last) add_batch_norm(out, after_linear);
    in = out;
  }
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Size &from = all[i - 1], &to = all[i];
    const bool last = i + 1 == all.size();
    convolutions_.emplace_back(
        scope / engine::concat("conv", i),
        Conv2dTranspose::Options{
            .in = from.channels,
            .out = to.channels,
            .size = kWindow,
            .geometry = {.stride = kStride, .pad = kPad, .height = to.height, .width = to.width},
            .kernel = Initializer::glorot_uniform(kWindow * kWindow * from.channels, kWindow * kWindow * to.channels),
            .bias = last});
    if (!last) add_batch_norm(to.channels, options.batch_norm);
  }
}

Tensor Decoder::forward(const Tensor& z, engine::Mode mode) const {
  Tensor x = z;
  auto batch_norm = batch_norms_.begin();
  for (const Linear& linear : linears_) {
    x = linear(x, mode);
    if (batch_norm != batch_norms_.end()) x = (*batch_norm++)(x, mode, {.relu = true});
  }
  x = engine::reshape(x, {z.shape()[0], smallest_.height, smallest_.width, smallest_.channels});
  for (const Conv2dTranspose& convolution : convolutions_) {
    x = convolution(x, mode);
    if (batch_norm != batch_norms_.end()) x = (*batch_norm++)(x, mode, {.relu = true});
  }
  return x;
}

}  // namespace models
