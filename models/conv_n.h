#pragma once
#include <vector>

#include "models/conv_bn.h"
#include "models/encoder.h"
#include "models/linear.h"

namespace models {

/// The small network of the RandBits notebook, for 28x28 images: three 3x3 stride-2 convolutions without padding (32,
/// 64, 64 channels: 13x13, 6x6, 2x2), each with batch norm and ReLU; flatten in H,W,C order (256); a linear layer to
/// 128, batch norm, ReLU. No biases, Glorot uniform kernels. Width multiplies all channel counts. Taps: "conv1" to
/// "conv3", after their ReLU.
class ConvN final : public Encoder {
 public:
  struct Options {
    std::int64_t in_channels = 1;
    std::int64_t width = 1;
    engine::BatchNormOptions batch_norm{};  ///< the dense layer always uses the biased variance, as in Keras
    bool operator==(const Options&) const = default;
  };

  ConvN(const engine::Scope& scope, const Options& options);

  /// images [N,28,28,in_channels] -> [N, 128 width]
  engine::Tensor forward(const engine::Tensor& images, engine::Mode mode, Taps* taps = nullptr) const override;
  std::int64_t features() const override { return features_; }
  std::vector<Tap> taps() const override { return taps_; }

 private:
  std::int64_t in_channels_, features_;
  std::vector<Tap> taps_;  // of the convolutions
  std::vector<ConvBn> convolutions_;
  Linear dense_;
  BatchNorm dense_batch_norm_;
};

}  // namespace models
