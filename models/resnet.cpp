#include "models/resnet.h"

#include <array>

#include "engine/ops/global_average_pool.h"
#include "engine/ops/max_pool.h"

namespace models {

using engine::Initializer;
using engine::MaxPoolOptions;
using engine::Mode;
using engine::Part;
using engine::Tensor;

namespace {

constexpr std::int64_t kGroups = 4;

/// Blocks of each group.
std::array<int, kGroups> blocks_of(int depth) {
  switch (depth) {
    case 18: return {2, 2, 2, 2};
    case 34: return {3, 4, 6, 3};
    default: throw engine::Error(engine::concat("resnet: the depth must be 18 or 34, got ", depth));
  }
}

Tensor pool(const Tensor& x, ResNet::Variant variant) {
  const engine::LayerRange layer(x.context(), "encoder.maxpool");
  if (variant == ResNet::Variant::torchvision) return max_pool(x, {.rows = {1, 1}, .columns = {1, 1}});
  return max_pool(
      x, {.rows = MaxPoolOptions::same(x.shape()[1], 3, 2), .columns = MaxPoolOptions::same(x.shape()[2], 3, 2)});
}

}  // namespace

/// Adds a network's layers to a parameter set, in torchvision's order.
class ResNet::Builder {
 public:
  Builder(engine::ParameterSet& parameters, const Options& options) : parameters_(parameters), options_(options) {}

  struct Geometry {
    std::int64_t in, out, size, stride = 1;
  };
  /// Padded so that stride 1 keeps the size. SimCLR pads strided convolutions the same on both sides, too.
  Convolution convolution(const std::string& weight, const std::string& batch_norm, const Geometry& g,
                          float gamma = 1) const {
    const std::int64_t area = g.size * g.size;
    const bool simclr = options_.variant == Variant::simclr;
    return {.weight = parameters_.add(
                "encoder." + weight + ".weight", {g.out, g.size, g.size, g.in}, engine::ParameterKind::kernel,
                Part::encoder, simclr ? Initializer::lecun_normal(area * g.in) : Initializer::he_normal(area * g.out)),
            .batch_norm = {parameters_, Part::encoder, "encoder." + batch_norm, g.out,
                           BatchNorm::Options{.numeric = options_.batch_norm, .gamma_initial = gamma}},
            .stride = g.stride,
            .pad = (g.size - 1) / 2};
  }

  BasicBlock block(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t stride,
                   bool projects) const {
    BasicBlock block{
        .first = convolution(name + ".conv1", name + ".bn1", {.in = in, .out = out, .size = 3, .stride = stride}),
        .second = convolution(name + ".conv2", name + ".bn2", {.in = out, .out = out, .size = 3},
                              options_.zero_gamma ? 0.0f : 1.0f),
        .shortcut = {}};
    if (projects) {
      block.shortcut = convolution(name + ".downsample.0", name + ".downsample.1",
                                   {.in = in, .out = out, .size = 1, .stride = stride});
    }
    return block;
  }

 private:
  engine::ParameterSet& parameters_;
  const Options& options_;
};

ResNet::ResNet(engine::ParameterSet& parameters, const Options& options) : options_(options) {
  const std::array<int, kGroups> depths = blocks_of(options.depth);
  const Builder build(parameters, options);
  const bool large = options.stem == Stem::imagenet;
  std::int64_t in = options.base_channels * options.width;
  stem_ = build.convolution("conv1", "bn1",
                            {.in = options.in_channels, .out = in, .size = large ? 7 : 3, .stride = large ? 2 : 1});
  for (std::int64_t group = 0; group < kGroups; ++group) {
    const std::int64_t out = (options.base_channels * options.width) << group;
    const bool halves = group > 0;
    for (int i = 0; i < depths[static_cast<std::size_t>(group)]; ++i) {
      const std::string name = "layer" + std::to_string(group + 1) + "." + std::to_string(i);
      const bool projects = i == 0 && (halves || options.variant == Variant::simclr);
      blocks_.push_back(build.block(name, in, out, halves && i == 0 ? 2 : 1, projects));
      in = out;
    }
  }
  features_ = in;
}

Tensor ResNet::BasicBlock::operator()(const Tensor& x, Mode mode) const {
  const Tensor inner = first(x, mode, {.relu = true});
  const Tensor residual = shortcut ? (*shortcut)(x, mode, {}) : x;
  return second(inner, mode, {.residual = residual, .relu = true});
}

Tensor ResNet::forward(const Tensor& images, Mode mode) const {
  const engine::Shape& shape = images.shape();
  EXPECTS(shape.rank() == 4 && shape[1] > 0 && shape[2] > 0 && shape[3] == options_.in_channels,
          "resnet: images must be [N,H,W,", options_.in_channels, "] with at least one pixel, got ", shape);
  Tensor x = stem_(images, mode, {.relu = true});
  if (options_.stem == Stem::imagenet) x = pool(x, options_.variant);
  for (const BasicBlock& block : blocks_) x = block(x, mode);
  const engine::LayerRange layer(x.context(), "encoder.avgpool");
  return engine::global_average_pool(x);
}

}  // namespace models
