#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "models/encoder.h"
#include "models/projection_head.h"

namespace apps {

/// The features that an evaluation uses for an image: the encoder's output, or a tap of the encoder or of the
/// projection head. Computed in inference mode; a spatial activation is averaged over its rows and columns.
class Representation {
 public:
  static constexpr char kFeatures[] = "features";  ///< the encoder's output

  Representation(const models::Encoder& encoder);
  /// `head`: nullptr if there is none. Throws UsageError if no network has a tap of that name.
  Representation(const models::Encoder& encoder, const models::ProjectionHead* head, const std::string& tap);

  std::int64_t features() const { return tap_.channels; }
  /// The end of a sentence about the features if they are a tap: ", the mean over rows and columns of group3".
  std::string origin() const;

  /// images [N,H,W,C] -> [N, features()]
  engine::Tensor operator()(const engine::Tensor& images) const;

 private:
  const models::Encoder& encoder_;
  const models::ProjectionHead* head_ = nullptr;  // set if the tap is the head's
  models::Tap tap_;
};

}  // namespace apps
