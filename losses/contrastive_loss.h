#pragma once
#include "engine/tensor.h"

namespace losses {

/// A contrastive loss and its terms: f32 scalars on the device; nothing waits for the host. Only the loss is
/// differentiable. docs/losses.md has the formulas.
struct ContrastiveLoss {
  engine::Tensor loss;
  engine::Tensor alignment, distribution;  ///< what attracts the views of an image, and what spreads the images
  /// The contrastive accuracy: of view-1 anchors among the rows of view 2, or among their own key and a queue. Absent
  /// for a loss that does not compare pairs of images.
  engine::Tensor accuracy = {};
};

}  // namespace losses
