#pragma once
#include "apps/bench/works.h"

namespace apps {

// Parts of a step that are fused here and are not elsewhere.

/// Batch norm, a residual and a ReLU, with gradients: images of 56x56 pixels with 64 channels.
Work batch_norm_work(const engine::Context& context, const WorkOptions& options);
/// LARS, with the norms it needs, over as many tensors of the sizes that ResNet-50 has.
Work lars_work(const engine::Context& context, const WorkOptions& options);

}  // namespace apps
