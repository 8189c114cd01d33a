#include "apps/objectives/recognize_encoder.h"

#include <array>

#include "kernels/runtime/error.h"

namespace apps {
namespace {

using models::Architecture;
using models::ConvN;
using models::ResNet;

using Shape = std::vector<std::int64_t>;

struct Blocks {
  std::array<int, ResNet::kGroups> count;
  bool bottlenecks;
  Architecture arch;
};
constexpr Blocks kBlocks[] = {{{2, 2, 2, 2}, false, Architecture::resnet18},
                              {{3, 4, 6, 3}, false, Architecture::resnet34},
                              {{3, 4, 6, 3}, true, Architecture::resnet50},
                              {{3, 4, 23, 3}, true, Architecture::resnet101},
                              {{3, 8, 36, 3}, true, Architecture::resnet152}};
constexpr std::int64_t kBaseChannels = ResNet::Options{}.base_channels;

/// The shape of a convolution's weight; nullptr if there is no such tensor, or none of rank 4.
const Shape* convolution(const TensorShapes& shapes, std::string_view name) {
  const auto found = shapes.find(name);
  return found == shapes.end() || found->second.size() != 4 ? nullptr : &found->second;
}

double width(const Shape& first, std::int64_t channels) {
  return static_cast<double>(first[0]) / static_cast<double>(channels);
}

std::optional<Architecture> resnet_of(const TensorShapes& shapes) {
  std::array<int, ResNet::kGroups> count{};
  for (int group = 0; group < ResNet::kGroups; ++group) {
    int& blocks = count[static_cast<std::size_t>(group)];
    while (convolution(shapes, engine::concat("layer", group + 1, '.', blocks, ".conv1.weight"))) ++blocks;
  }
  const bool bottlenecks = convolution(shapes, "layer1.0.conv3.weight") != nullptr;
  for (const Blocks& known : kBlocks) {
    if (known.count == count && known.bottlenecks == bottlenecks) return known.arch;
  }
  return std::nullopt;
}

/// Whether a network with a plain first convolution has ResNet-D's shortcuts.
bool averages_before_shortcuts(const TensorShapes& shapes) {
  return convolution(shapes, "layer2.0.downsample.1.weight") != nullptr;
}

std::optional<ResNet::Stem> stem_of(const Shape& first) {
  if (first[2] == 3 && first[3] == 3) return ResNet::Stem::cifar;
  if (first[2] == 7 && first[3] == 7) return ResNet::Stem::imagenet;
  return std::nullopt;
}

}  // namespace

std::optional<RecognizedEncoder> recognize_encoder(const TensorShapes& shapes) {
  const Shape* first = convolution(shapes, "conv1.weight");
  const Shape *deep = convolution(shapes, "conv1.0.weight"), *last = convolution(shapes, "conv1.6.weight");
  if (!first && !(deep && last)) return std::nullopt;
  RecognizedEncoder encoder{.in_channels = first ? (*first)[1] : (*deep)[1]};
  if (first && shapes.contains("dense.weight")) {
    encoder.arch = Architecture::convn;
    encoder.width = width(*first, ConvN::kChannels.front());
    return encoder;
  }
  const auto arch = resnet_of(shapes);
  encoder.stem = first ? stem_of(*first) : ResNet::Stem::imagenet;
  encoder.selective_kernels = !first || averages_before_shortcuts(shapes);
  if (!arch || !encoder.stem) return std::nullopt;
  encoder.arch = *arch;
  encoder.width = width(first ? *first : *last, kBaseChannels);
  if (!convolution(shapes, "layer1.0.conv3.weight")) {
    const bool projects =
        shapes.contains("layer1.0.downsample.0.weight") || shapes.contains("layer1.0.downsample.1.weight");
    encoder.variant = projects ? ResNet::Variant::simclr : ResNet::Variant::torchvision;
  }
  return encoder;
}

}  // namespace apps
