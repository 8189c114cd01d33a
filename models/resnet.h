#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kernels/runtime/names.h"
#include "models/conv_bn.h"
#include "models/encoder.h"

namespace models {

/// ResNet-18 and 34 (He et al. 2016): a stem, four groups of residual blocks at 1, 2, 4 and 8 times the base channels,
/// each group after the first at half the resolution, and the mean over what remains. Names within its scope are
/// torchvision's. Taps: "group1" to "group4", the outputs of the groups (which torchvision calls layer1 to layer4).
class ResNet final : public Encoder {
 public:
  /// The two families in use. They differ in what torchvision can load:
  /// simclr: a projection shortcut in the first group too, pooling padded like TensorFlow's SAME, kernels LeCun normal;
  /// torchvision: neither, pooling padded by one on every side, kernels He normal by fan-out.
  enum class Variant { simclr, torchvision };
  /// cifar: 3x3 with stride 1; imagenet: 7x7 with stride 2, then 3x3 max pooling with stride 2.
  enum class Stem { cifar, imagenet };

  struct Options {
    int depth = 18;  ///< 18 or 34
    std::int64_t in_channels = 3;
    std::int64_t base_channels = 64;
    std::int64_t width = 1;  ///< multiplies every channel count
    Variant variant = Variant::simclr;
    Stem stem = Stem::imagenet;
    bool zero_gamma = true;  ///< each residual branch starts as zero: the gamma of its last batch norm
    engine::BatchNormOptions batch_norm{};
    bool operator==(const Options&) const = default;
  };

  ResNet(const engine::Scope& scope, const Options& options);

  /// images [N,H,W,in_channels] of any size -> [N, 8 base_channels width]
  engine::Tensor forward(const engine::Tensor& images, engine::Mode mode, Taps* taps = nullptr) const override;
  std::int64_t features() const override { return groups_.back().tap.channels; }
  std::vector<Tap> taps() const override;

 private:
  /// relu(shortcut(x) + second(relu(first(x)))) with 3x3 convolutions; no shortcut means x itself.
  struct BasicBlock {
    ConvBn first, second;
    std::optional<ConvBn> shortcut{};

    engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode) const;
  };
  struct Group {
    Tap tap;
    std::vector<BasicBlock> blocks{};
  };
  class Builder;
  ResNet(const Builder& build, const Options& options);

  Options options_;
  std::string name_;  // of the scope
  ConvBn stem_;
  std::vector<Group> groups_;
};

}  // namespace models

template <>
inline constexpr std::array engine::kNames<models::ResNet::Variant> = {"simclr", "torchvision"};
template <>
inline constexpr std::array engine::kNames<models::ResNet::Stem> = {"cifar", "imagenet"};
