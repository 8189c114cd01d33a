#pragma once
#include "apps/input/device_batch.h"
#include "apps/run/config.h"
#include "apps/train/network.h"

namespace apps {

/// What an objective makes of a batch. All f32 scalars on the device.
struct ObjectiveOutcome {
  engine::Tensor total;  ///< what is minimised, differentiable: contrastive loss + online probe's cross-entropy
  engine::Tensor loss, alignment, distribution, contrast_accuracy;  ///< of the contrastive part
  engine::Tensor probe_accuracy;                                    ///< of the online probe on this batch
};

/// The forward pass of contrastive pretraining with the online probe beside it: two crops of every image through the
/// encoder (together, or view by view with batch norm statistics of their own), the head, L2 normalisation, and the
/// loss.
ObjectiveOutcome contrastive_objective(const Config& config, const Network& network, const DeviceBatch& batch);

}  // namespace apps
