#pragma once
#include <array>
#include <vector>

#include "models/conv_bn.h"
#include "models/encoder.h"
#include "models/linear.h"

namespace models {

/// The small network of the RandBits notebook: three 3x3 stride-2 convolutions without padding (32, 64, 64 channels;
/// images of 28x28 become 13x13, 6x6, 2x2), each with batch norm and ReLU; flatten in H,W,C order (256); a linear layer
/// to 128, batch norm, ReLU. No biases, Glorot uniform kernels. Width multiplies all channel counts. The size of the
/// linear layer follows from that of the images. Taps: "conv1" to "conv3", after their ReLU.
class ConvN final : public Encoder {
 public:
  static constexpr std::int64_t kSmallestImage = 20;
  /// Channels of the convolutions and of the linear layer at width 1.
  static constexpr std::array<std::int64_t, 4> kChannels = {32, 64, 64, 128};

  struct Options {
    std::int64_t in_channels = 1;
    std::int64_t image_height = 28, image_width = 28;  ///< each at least kSmallestImage
    double width = 1;                                  ///< see scaled_channels
    engine::BatchNormOptions batch_norm{};             ///< the dense layer always uses the biased variance, as in Keras
    bool operator==(const Options&) const = default;
  };

  ConvN(const engine::Scope& scope, const Options& options);

  /// images [N,image_height,image_width,in_channels] -> [N, features()]
  engine::Tensor forward(const engine::Tensor& images, engine::Mode mode, Taps* taps = nullptr) const override;
  std::int64_t features() const override { return features_; }
  std::vector<Tap> taps() const override { return taps_; }

 private:
  Options options_;
  std::int64_t features_;
  std::vector<Tap> taps_;  // of the convolutions
  std::vector<ConvBn> convolutions_;
  Linear dense_;
  BatchNorm dense_batch_norm_;
};

}  // namespace models
