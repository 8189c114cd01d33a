#pragma once
#include <vector>

#include "kernels/runtime/names.h"
#include "models/batch_norm.h"
#include "models/conv2d_transpose.h"
#include "models/linear.h"

namespace models {

enum class DecoderKind { convolutional, mlp };

/// Latent variables to the logits of images of any size.
///
/// Convolutional: an encoder backwards. The image's sides are halved, rounded
/// up, until one is below 5, 28 -> 14 -> 7 -> 4 for example. Two linear layers lead to the smallest size, then one 3x3
/// transposed convolution with stride 2 and padding 1 to each next, exactly to the image's size; their windows cover
/// every pixel. Batch norm and ReLU follow every layer but the last, which has a bias per plane.
///
/// The layer that makes the image reads 32 channels, or two for each plane if these are more; each one before it twice
/// as many, at most 256; the smallest size has as many as the next. The first linear layer is half as wide as the
/// second. So 28x28 images come from 64 -> 512 -> 1024 = 4x4x64 -> 7x7x64 -> 14x14x32 -> 28x28, and 224x224 images from
/// 64 -> 2048 -> 4096 = 4x4x256 -> 7x7x256 -> 14x14x256 -> 28x28x128 -> 56x56x64 -> 112x112x32 -> 224x224.
///
/// MLP: two linear layers of `hidden` units with batch norm and ReLU, and one with a bias to all pixels, as in Kingma &
/// Welling 2014 (which has one hidden layer, and no batch norm). Every plane reads all hidden units, so that planes
/// that are constant, as random bits are, are learned at once; its last layer has hidden * height * width * planes
/// weights.
///
/// Glorot uniform kernels, as in ConvN.
class Decoder {
 public:
  struct Options {
    DecoderKind kind = DecoderKind::convolutional;
    std::int64_t latent = 64;
    std::int64_t hidden = 512;  ///< of an MLP
    std::int64_t height = 28, width = 28;
    std::int64_t planes = 1;                ///< of the image, bits included
    engine::BatchNormOptions batch_norm{};  ///< linear layers always use the biased variance, as in Keras
  };

  /// Throws engine::Error for images with a side below 3.
  Decoder(const engine::Scope& scope, const Options& options);

  /// z [N,latent] -> logits [N,height,width,planes], in the dtype of z
  engine::Tensor forward(const engine::Tensor& z, engine::Mode mode) const;

 private:
  struct Size {
    std::int64_t height, width, channels;
  };
  static std::vector<Size> sizes(const Options& options);

  Size smallest_;  // what the linear layers make
  std::vector<Linear> linears_;
  std::vector<Conv2dTranspose> convolutions_;
  std::vector<BatchNorm> batch_norms_;  // one after each layer but the last
};

}  // namespace models

template <>
inline constexpr std::array engine::kNames<models::DecoderKind> = {"convolutional", "mlp"};
