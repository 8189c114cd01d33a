#pragma once
#include <memory>

#include "models/encoder.h"
#include "models/normalization.h"

namespace models {

/// What happens to images in [0,1] before an encoder's first layer.
struct InputOptions {
  Normalization normalization{};
  bool gray_as_rgb = false;  ///< images of one channel become three equal channels
  bool operator==(const InputOptions&) const = default;
};

/// The channels of an image, and those behind them that are no colours: the planes of random bits.
struct InputChannels {
  std::int64_t image = 0, planes = 0;
};

/// The number of channels that an encoder's first layer sees.
std::int64_t prepared_channels(const InputOptions& options, const InputChannels& channels);

/// An encoder whose images are first made three equal channels, if they have one and the options say so, and then
/// normalised. Planes behind the colours stay as they are. It has no parameters.
class PreparedInput final : public Encoder {
 public:
  /// `encoder` takes `prepared_channels`. Throws engine::Error unless the normalisation has one number, or one per
  /// channel.
  PreparedInput(std::unique_ptr<Encoder> encoder, const InputOptions& options, const InputChannels& channels);

  /// images [N,H,W,image + planes]
  engine::Tensor forward(const engine::Tensor& images, engine::Mode mode, Taps* taps = nullptr) const override;
  std::int64_t features() const override { return encoder_->features(); }
  std::vector<Tap> taps() const override { return encoder_->taps(); }

 private:
  struct Constants {
    engine::Tensor widen;                  // [out,in] in the dtype of images; undefined if the number of channels stays
    engine::Tensor mean, variance, scale;  // f32 [out]; undefined without a normalisation
  };
  Constants make(const engine::Context& context, engine::Dtype dtype) const;
  engine::Tensor prepared(const engine::Tensor& images) const;

  std::unique_ptr<Encoder> encoder_;
  InputOptions options_;
  InputChannels channels_;
  mutable Constants constants_;  // made at the first forward pass, on the device of its images
};

}  // namespace models
