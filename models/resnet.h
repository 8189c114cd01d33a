#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/ops/average_pool.h"
#include "kernels/runtime/names.h"
#include "models/conv_bn.h"
#include "models/encoder.h"
#include "models/selective_kernel.h"

namespace models {

/// ResNet-18 to 152 (He et al. 2016): a stem, four groups of residual blocks with 1, 2, 4 and 8 times the base
/// channels, and the mean over all pixels. Each group after the first halves the resolution. ResNet-18 and 34 have
/// basic blocks, the others bottlenecks, whose outputs have four times as many channels. Names within its scope are
/// torchvision's. Taps: "group1" to "group4", the outputs of the groups (torchvision's layer1 to layer4).
class ResNet final : public Encoder {
 public:
  /// The two common variants. They differ in whether torchvision can load them:
  /// simclr: a projection shortcut in every group, pooling padded like TensorFlow's SAME, LeCun normal kernels;
  /// torchvision: one only where size or channels change, pooling padded by one on every side, He normal kernels by
  /// fan-out.
  enum class Variant { simclr, torchvision };
  /// cifar: 3x3 with stride 1; imagenet: 7x7 with stride 2, then 3x3 max pooling with stride 2.
  enum class Stem { cifar, imagenet };

  static constexpr int kGroups = 4;

  struct Options {
    int depth = 18;  ///< 18, 34, 50, 101 or 152
    std::int64_t in_channels = 3;
    std::int64_t base_channels = 64;
    double width = 1;  ///< multiplies every channel count: see scaled_channels
    Variant variant = Variant::simclr;
    Stem stem = Stem::imagenet;
    /// As in SimCLR v2 with sk_ratio 0.0625: the 3x3 convolutions of bottlenecks are selective kernels, and stem and
    /// shortcuts are those of ResNet-D (He et al. 2019); basic blocks have only the latter.
    bool selective_kernels = false;
    bool zero_gamma = true;  ///< each residual branch starts at zero: its last gamma is 0
    engine::BatchNormOptions batch_norm{};
    bool operator==(const Options&) const = default;
  };

  ResNet(const engine::Scope& scope, const Options& options);

  /// images [N,H,W,in_channels] of any size -> [N, features()]
  engine::Tensor forward(const engine::Tensor& images, engine::Mode mode, Taps* taps = nullptr) const override;
  std::int64_t features() const override { return groups_.back().tap.channels; }
  std::vector<Tap> taps() const override;

 private:
  /// A 1x1 convolution, in a ResNet-D after the average of 2x2 pixels.
  struct Shortcut {
    std::string name;
    std::optional<engine::AveragePoolOptions> pool;
    ConvBn projection;

    engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode) const;
  };
  /// relu(shortcut(x) + last(inner(x))); without a shortcut, x itself is added. A basic block has two 3x3 convolutions,
  /// a bottleneck 1x1, 3x3 and 1x1; a ReLU follows all but the last.
  struct Block {
    std::vector<std::variant<ConvBn, SelectiveKernel>> inner;
    ConvBn last;
    std::optional<Shortcut> shortcut{};

    engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode) const;
  };
  struct Group {
    Tap tap;
    std::vector<Block> blocks{};
  };
  class Builder;
  ResNet(const Builder& build, const Options& options);

  Options options_;
  std::string name_;  // name of the scope
  std::vector<ConvBn> stem_;
  std::vector<Group> groups_;
};

}  // namespace models

template <>
inline constexpr std::array engine::kNames<models::ResNet::Variant> = {"simclr", "torchvision"};
template <>
inline constexpr std::array engine::kNames<models::ResNet::Stem> = {"cifar", "imagenet"};
