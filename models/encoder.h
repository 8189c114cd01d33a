#pragma once
#include <cstdint>
#include <vector>

#include "engine/parameters.h"
#include "engine/tensor.h"
#include "models/taps.h"

namespace models {

/// The network that is pretrained and evaluated: images [N,H,W,C] in [0,1] to features [N, features()]. Like every
/// model it computes in the dtype of its input: f32 or, if the parameters have a shadow, bf16.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual engine::Tensor forward(const engine::Tensor& images, engine::Mode mode, Taps* taps = nullptr) const = 0;
  virtual std::int64_t features() const = 0;
  /// The activations between images and features that `forward` offers, from first to last.
  virtual std::vector<Tap> taps() const = 0;
};

}  // namespace models
