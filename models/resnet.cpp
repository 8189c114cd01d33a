#include "models/resnet.h"

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
  bool projects_every_group, pads_as_same, lecun_normal;
};

VariantTraits traits(ResNet::Variant variant) {
  switch (variant) {
    case ResNet::Variant::simclr: return {.projects_every_group = true, .pads_as_same = true, .lecun_normal = true};
    case ResNet::Variant::torchvision: break;
  }
  return {};
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

  ConvBn stem() const {
    const bool large = is_large(options_.stem);
    return conv_bn(scope_ / "conv1", scope_ / "bn1",
                   {.in = options_.in_channels, .out = channels(0), .size = large ? 7 : 3, .stride = large ? 2 : 1});
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
    const bool simclr = traits(options_.variant).lecun_normal;
    return {.convolution = {convolution,
                            {.in = g.in,
                             .out = g.out,
                             .size = g.size,
                             .stride = g.stride,
                             .pad = (g.size - 1) / 2,
                             .kernel = simclr ? Initializer::lecun_normal(area * g.in)
                                              : Initializer::he_normal(area * g.out)}},
            .batch_norm = {batch_norm, g.out, {.numeric = options_.batch_norm, .gamma_initial = gamma}}};
  }

  Block block(const Scope& scope, const BlockPlace& at) const {
    const std::int64_t inner = channels(at.group), out = outputs(at.group), stride = at.group > 0 && at.first ? 2 : 1;
    const bool projects = stride > 1 || at.in != out || (at.first && traits(options_.variant).projects_every_group);
    Block block;
    const auto add = [&](const Geometry& g, float gamma = 1) {
      const std::size_t number = block.branch.size() + 1;
      block.branch.push_back(
          conv_bn(scope / engine::concat("conv", number), scope / engine::concat("bn", number), g, gamma));
    };
    const float last_gamma = options_.zero_gamma ? 0.0f : 1.0f;
    if (depth_.bottlenecks) {
      add({.in = at.in, .out = inner, .size = 1});
      add({.in = inner, .out = inner, .size = 3, .stride = stride});
      add({.in = inner, .out = out, .size = 1}, last_gamma);
    } else {
      add({.in = at.in, .out = inner, .size = 3, .stride = stride});
      add({.in = inner, .out = out, .size = 3}, last_gamma);
    }
    if (projects) {
      const Scope shortcut = scope / "downsample";
      block.shortcut = conv_bn(shortcut / "0", shortcut / "1", {.in = at.in, .out = out, .size = 1, .stride = stride});
    }
    return block;
  }

  const Scope& scope_;
  const Options& options_;
  Depth depth_;
};

ResNet::ResNet(const Scope& scope, const Options& options) : ResNet(Builder(scope, options), options) {}

ResNet::ResNet(const Builder& build, const Options& options)
    : options_(options), name_(build.scope().name()), stem_(build.stem()), groups_(build.groups()) {}

Tensor ResNet::Block::operator()(const Tensor& x, Mode mode) const {
  Tensor inner = x;
  for (std::size_t i = 0; i + 1 < branch.size(); ++i) inner = branch[i](inner, mode, {.relu = true});
  const Tensor residual = shortcut ? (*shortcut)(x, mode, {}) : x;
  return branch.back()(inner, mode, {.residual = residual, .relu = true});
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
  Tensor x = stem_(images, mode, {.relu = true});
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
