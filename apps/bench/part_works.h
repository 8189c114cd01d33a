#pragma once
#include "apps/bench/works.h"
#include "losses/similarity.h"

namespace apps {

// Parts of a step that this engine fuses and other frameworks do not, and losses.

/// Batch norm, a residual and a ReLU, with gradients: images of 56x56 pixels with 64 channels.
Work batch_norm_work(const engine::Context& context, const WorkOptions& options);
/// LARS with its norms, over as many tensors as ResNet-50 has, of the same sizes.
Work lars_work(const engine::Context& context, const WorkOptions& options);
/// SIGReg and VISReg with their gradients, of rows in two views.
Work sigreg_work(const engine::Context& context, const WorkOptions& options);
Work visreg_work(const engine::Context& context, const WorkOptions& options);
/// The sliced Wasserstein distance of unit rows to the unit sphere and its gradient, with the drawing of directions and
/// prior.
Work swd_work(const engine::Context& context, const WorkOptions& options);

/// The log-sum-exp of the decoupled loss, with its gradient, over both views' rows.
Work decoupled_work(const engine::Context& context, const WorkOptions& options);
/// InfoNCE of rows against a queue of four times as many, with the gradient of the rows.
Work queue_work(const engine::Context& context, const WorkOptions& options);

/// Throws UsageError unless the rows are those of two views.
void require_two_views(const WorkOptions& options);
losses::Products products_of(const WorkOptions& options);

}  // namespace apps
