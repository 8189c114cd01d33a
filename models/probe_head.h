#pragma once
#include "models/linear.h"

namespace models {

/// The linear classifier that trains on features beside the main loss. A stop-gradient before it keeps the encoder
/// unchanged.
class ProbeHead {
 public:
  ProbeHead(const engine::Scope& scope, std::int64_t features, std::int64_t classes, engine::Initializer kernel);

  /// features [N, features] -> logits [N, classes] in f32; no gradient flows into the features
  engine::Tensor forward(const engine::Tensor& features, engine::Mode mode) const;

 private:
  Linear linear_;
};

}  // namespace models
