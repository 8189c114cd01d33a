#include "models/resnet.h"

#include <algorithm>
#include <array>

#include "engine/ops/global_average_pool.h"
#include "engine/ops/max_pool.h"
#include "models/width.h"

namespace models {

using engine::Initializer;
using engine::MaxPoolOptions;
using engine::Mode;
using engine::Scope;
using engine::Tensor;

namespace {

constexpr std::int64_t kExpansion = 4;  // of a bottleneck

/// The blocks that a depth stands for.
struct Depth {
  std::array<int, ResNet::kGroups> blocks;  // of each group
  bool bottlenecks = false;
};

Depth depth_of(const ResNet::Options& options) {
  switch (options.depth) {
    case 18: return {.blocks = {2, 2, 2, 2}};
    case 34: return {.blocks = {3, 4, 6, 3}};
    case 50: return {.blocks = {3, 4, 6, 3}, .bottlenecks = true};
    case 101: return {.blocks = {3, 4, 23, 3}, .bottlenecks = true};
    case 152: return {.blocks = {3, 8, 36, 3}, .bottlenecks = true};
    default:
      throw engine::Error(engine::concat("resnet: the depth must be 18, 34, 50, 101 or 152, got ", options.depth));
  }
}

/// The differences between the variants.
struct VariantTraits {
  bool projects_every_group, pads_as_same;
  Initializer (*kernel)(std::int64_t fan_in, std::int64_t fan_out);
};

VariantTraits traits(ResNet::Variant variant) {
  switch (variant) {
    case ResNet::Variant::simclr:
      return {.projects_every_group = true, .pads_as_same = true, .kernel = [](std::int64_t fan_in, std::int64_t) {
                return Initializer::lecun_normal(fan_in);
              }};
    case ResNet::Variant::torchvision: break;
  }
  return {.projects_every_group = false, .pads_as_same = false, .kernel = [](std::int64_t, std::int64_t fan_out) {
            return Initializer::he_normal(fan_out);
          }};
}

/// 7x7 with pooling, instead of 3x3.
bool is_large(ResNet::Stem stem) {
  switch (stem) {
    case ResNet::Stem::cifar: return false;
    case ResNet::Stem::imagenet: return true;
  }
  return false;
}

Tensor pool(const Tensor& x, bool pads_as_same) {
  if (!pads_as_same) return max_pool(x, {.rows = {1, 1}, .columns = {1, 1}});
  return max_pool(
      x, {.rows = MaxPoolOptions::same(x.shape()[1], 3, 2), .columns = MaxPoolOptions::same(x.shape()[2], 3, 2)});
}

}  // namespace

/// Adds a network's layers to its scope, in torchvision's order.
class ResNet::Builder {
 public:
  Builder(const Scope& scope, const Options& options) : scope_(scope), options_(options), depth_(depth_of(options)) {}

  const Scope& scope() const { return scope_; }

  /// ResNet-D: three 3x3 convolutions instead of one of 7x7.
  std::vector<ConvBn> stem() const {
    const bool large = is_large(options_.stem);
    const std::int64_t in = options_.in_channels, out = channels(0);
    const Scope first = scope_ / "conv1", last = scope_ / "bn1";
    if (!large) return {conv_bn(first, last, {.in = in, .out = out, .size = 3})};
    if (!options_.selective_kernels) return {conv_bn(first, last, {.in = in, .out = out, .size = 7, .stride = 2})};
    const std::int64_t half = scaled_channels(std::max<std::int64_t>(1, options_.base_channels / 2), options_.width);
    return {conv_bn(first / "0", first / "1", {.in = in, .out = half, .size = 3, .stride = 2}),
            conv_bn(first / "3", first / "4", {.in = half, .out = half, .size = 3}),
            conv_bn(first / "6", last, {.in = half, .out = out, .size = 3})};
  }

  std::vector<Group> groups() const {
    std::vector<Group> groups;
    std::int64_t in = channels(0);
    for (int i = 0; i < kGroups; ++i) {
      const std::int64_t out = outputs(i);
      Group group{.tap = {.name = engine::concat("group", i + 1), .channels = out, .spatial = true}};
      const Scope layer = scope_ / engine::concat("layer", i + 1);
      for (int j = 0; j < depth_.blocks[static_cast<std::size_t>(i)]; ++j) {
        group.blocks.push_back(block(layer / std::to_string(j), {.group = i, .in = in, .first = j == 0}));
        in = out;
      }
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  struct Geometry {
    std::int64_t in, out, size, stride = 1;
  };

  struct BlockPlace {
    int group;
    std::int64_t in;
    bool first;  // of its group
  };

  /// Channels within the blocks of a group, and of their outputs.
  std::int64_t channels(int group) const { return scaled_channels(options_.base_channels << group, options_.width); }
  std::int64_t outputs(int group) const { return channels(group) * (depth_.bottlenecks ? kExpansion : 1); }

  /// Padding that keeps the size at stride 1. SimCLR also pads strided convolutions equally on both sides.
  ConvBn conv_bn(const Scope& convolution, const Scope& batch_norm, const Geometry& g, float gamma = 1) const {
    const std::int64_t area = g.size * g.size;
    return {.convolution = {convolution,
                            {.in = g.in,
                             .out = g.out,
                             .size = g.size,
                             .stride = g.stride,
                             .pad = (g.size - 1) / 2,
                             .kernel = traits(options_.variant).kernel(area * g.in, area * g.out)}},
            .batch_norm = {batch_norm, g.out, {.numeric = options_.batch_norm, .gamma_initial = gamma}}};
  }

  Block block(const Scope& scope, const BlockPlace& at) const {
    const std::int64_t inner = channels(at.group), out = outputs(at.group), stride = at.group > 0 && at.first ? 2 : 1;
    std::vector<std::variant<ConvBn, SelectiveKernel>> layers;
    if (depth_.bottlenecks) {
      layers.emplace_back(conv_bn(scope / "conv1", scope / "bn1", {.in = at.in, .out = inner, .size = 1}));
      layers.push_back(middle(scope, inner, stride));
    } else {
      layers.emplace_back(
          conv_bn(scope / "conv1", scope / "bn1", {.in = at.in, .out = inner, .size = 3, .stride = stride}));
    }
    const Geometry last{.in = inner, .out = out, .size = depth_.bottlenecks ? 1 : 3};
    const std::string number = depth_.bottlenecks ? "3" : "2";
    Block block{
        .inner = std::move(layers),
        .last = conv_bn(scope / ("conv" + number), scope / ("bn" + number), last, options_.zero_gamma ? 0.0f : 1.0f)};
    if (stride > 1 || at.in != out || (at.first && traits(options_.variant).projects_every_group))
      block.shortcut = shortcut(scope / "downsample", {.in = at.in, .out = out, .size = 1, .stride = stride});
    return block;
  }

  /// The 3x3 convolution of a bottleneck, or a selective kernel in its place.
  std::variant<ConvBn, SelectiveKernel> middle(const Scope& scope, std::int64_t channels, std::int64_t stride) const {
    const Scope convolution = scope / "conv2", batch_norm = scope / "bn2";
    if (!options_.selective_kernels)
      return conv_bn(convolution, batch_norm, {.in = channels, .out = channels, .size = 3, .stride = stride});
    return SelectiveKernel({.convolution = convolution, .batch_norm = batch_norm, .select = scope / "select"},
                           {.in = channels,
                            .out = channels,
                            .stride = stride,
                            .kernel = traits(options_.variant).kernel,
                            .batch_norm = options_.batch_norm});
  }

  /// ResNet-D: 2x2 pixels are averaged first, and the convolution has no stride. Where the average halves the size, its
  /// padding counts as zeros; where it keeps it, the last row and column are averages of fewer pixels.
  Shortcut shortcut(const Scope& scope, Geometry g) const {
    if (!options_.selective_kernels) return {{}, {}, conv_bn(scope / "0", scope / "1", g)};
    const engine::AveragePoolOptions pool{.window = 2, .stride = g.stride, .after = 1, .counts_padding = g.stride > 1};
    g.stride = 1;
    return {(scope / "0").name(), pool, conv_bn(scope / "1", scope / "2", g)};
  }

  const Scope& scope_;
  const Options& options_;
  Depth depth_;
};

ResNet::ResNet(const Scope& scope, const Options& options) : ResNet(Builder(scope, options), options) {}

ResNet::ResNet(const Builder& build, const Options& options)
    : options_(options), name_(build.scope().name()), stem_(build.stem()), groups_(build.groups()) {}

Tensor ResNet::Shortcut::operator()(const Tensor& x, Mode mode) const {
  if (!pool) return projection(x, mode);
  const Tensor averages = [&] {
    const engine::LayerRange layer(x.context(), name);
    return engine::average_pool(x, *pool);
  }();
  return projection(averages, mode);
}

Tensor ResNet::Block::operator()(const Tensor& x, Mode mode) const {
  Tensor y = x;
  for (const auto& layer : inner) {
    if (const auto* convolution = std::get_if<ConvBn>(&layer)) {
      y = (*convolution)(y, mode, {.relu = true});
    } else {
      y = std::get<SelectiveKernel>(layer)(y, mode);
    }
  }
  const Tensor residual = shortcut ? (*shortcut)(x, mode) : x;
  return last(y, mode, {.residual = residual, .relu = true});
}

std::vector<Tap> ResNet::taps() const {
  std::vector<Tap> taps;
  for (const Group& group : groups_) taps.push_back(group.tap);
  return taps;
}

Tensor ResNet::forward(const Tensor& images, Mode mode, Taps* taps) const {
  const engine::Shape& shape = images.shape();
  EXPECTS(shape.rank() == 4 && shape[1] > 0 && shape[2] > 0 && shape[3] == options_.in_channels,
          "resnet: images must be [N,H,W,", options_.in_channels, "] with at least one pixel, got ", shape);
  Tensor x = images;
  for (const ConvBn& layer : stem_) x = layer(x, mode, {.relu = true});
  if (is_large(options_.stem)) {
    const engine::LayerRange layer(x.context(), name_ + ".maxpool");
    x = pool(x, traits(options_.variant).pads_as_same);
  }
  for (const Group& group : groups_) {
    for (const Block& block : group.blocks) x = block(x, mode);
    if (taps) taps->offer(group.tap.name, x);
  }
  const engine::LayerRange layer(x.context(), name_ + ".avgpool");
  return engine::global_average_pool(x);
}

}  // namespace models
