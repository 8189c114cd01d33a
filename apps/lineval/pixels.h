#pragma once
#include "data/source.h"
#include "models/encoder.h"

namespace apps {

/// Images as features: all their values in a row, from 0 to 1, with the planes of random bits if there are some.
class RawPixels : public models::Encoder {
 public:
  explicit RawPixels(const data::Source& source);

  engine::Tensor forward(const engine::Tensor& images, engine::Mode mode, models::Taps* taps = nullptr) const override;
  std::int64_t features() const override { return features_; }
  std::vector<models::Tap> taps() const override { return {}; }

 private:
  std::int64_t features_;
};

}  // namespace apps
