#pragma once
#include "apps/bench/works.h"

namespace apps {

// Parts of a step that this engine fuses and other frameworks do not.

/// Batch norm, a residual and a ReLU, with gradients: images of 56x56 pixels with 64 channels.
Work batch_norm_work(const engine::Context& context, const WorkOptions& options);
/// LARS with its norms, over as many tensors as ResNet-50 has, of the same sizes.
Work lars_work(const engine::Context& context, const WorkOptions& options);

}  // namespace apps
