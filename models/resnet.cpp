#include "models/resnet.h"

#include <array>

#include "engine/ops/global_average_pool.h"
#include "engine/ops/max_pool.h"

namespace models {

using engine::Initializer;
using engine::MaxPoolOptions;
using engine::Mode;
using engine::Scope;
using engine::Tensor;

namespace {

constexpr std::int64_t kGroups = 4;

/// Number of blocks in each group.
std::array<int, kGroups> blocks_of(int depth) {
  switch (depth) {
    case 18: return {2, 2, 2, 2};
    case 34: return {3, 4, 6, 3};
    default: throw engine::Error(engine::concat("resnet: the depth must be 18 or 34, got ", depth));
  }
}

/// The differences between the variants.
struct VariantTraits {
  bool projects_first_group, pads_as_same, lecun_normal;
};

VariantTraits traits(ResNet::Variant variant) {
  switch (variant) {
    case ResNet::Variant::simclr: return {.projects_first_group = true, .pads_as_same = true, .lecun_normal = true};
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
  Builder(const Scope& scope, const Options& options) : scope_(scope), options_(options) {}

  const Scope& scope() const { return scope_; }

  ConvBn stem() const {
    const bool large = is_large(options_.stem);
    return conv_bn(scope_ / "conv1", scope_ / "bn1",
                   {.in = options_.in_channels, .out = channels(0), .size = large ? 7 : 3, .stride = large ? 2 : 1});
  }

  std::vector<Group> groups() const {
    const std::array<int, kGroups> depths = blocks_of(options_.depth);
    std::vector<Group> groups;
    std::int64_t in = channels(0);
    for (std::int64_t i = 0; i < kGroups; ++i) {
      Group group{.tap = {.name = engine::concat("group", i + 1), .channels = channels(i), .spatial = true}};
      const Scope layer = scope_ / engine::concat("layer", i + 1);
      for (int j = 0; j < depths[static_cast<std::size_t>(i)]; ++j) {
        const bool halves = i > 0 && j == 0;
        const bool projects = halves || (j == 0 && traits(options_.variant).projects_first_group);
        group.blocks.push_back(block(layer / std::to_string(j), in, channels(i), halves ? 2 : 1, projects));
        in = channels(i);
      }
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  struct Geometry {
    std::int64_t in, out, size, stride = 1;
  };

  std::int64_t channels(std::int64_t group) const { return (options_.base_channels * options_.width) << group; }

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

  BasicBlock block(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t stride, bool projects) const {
    BasicBlock block{
        .first = conv_bn(scope / "conv1", scope / "bn1", {.in = in, .out = out, .size = 3, .stride = stride}),
        .second = conv_bn(scope / "conv2", scope / "bn2", {.in = out, .out = out, .size = 3},
                          options_.zero_gamma ? 0.0f : 1.0f)};
    if (projects) {
      const Scope shortcut = scope / "downsample";
      block.shortcut = conv_bn(shortcut / "0", shortcut / "1", {.in = in, .out = out, .size = 1, .stride = stride});
    }
    return block;
  }

  const Scope& scope_;
  const Options& options_;
};

ResNet::ResNet(const Scope& scope, const Options& options) : ResNet(Builder(scope, options), options) {}

ResNet::ResNet(const Builder& build, const Options& options)
    : options_(options), name_(build.scope().name()), stem_(build.stem()), groups_(build.groups()) {}

Tensor ResNet::BasicBlock::operator()(const Tensor& x, Mode mode) const {
  const Tensor inner = first(x, mode, {.relu = true});
  const Tensor residual = shortcut ? (*shortcut)(x, mode, {}) : x;
  return second(inner, mode, {.residual = residual, .relu = true});
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
    for (const BasicBlock& block : group.blocks) x = block(x, mode);
    if (taps) taps->offer(group.tap.name, x);
  }
  const engine::LayerRange layer(x.context(), name_ + ".avgpool");
  return engine::global_average_pool(x);
}

}  // namespace models
