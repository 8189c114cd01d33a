#pragma once
#include <string>

#include "apps/train/train_step.h"
#include "kernels/runtime/error.h"

namespace apps {

/// Advice for a training step that did not fit into memory: "--batch-size 384 would fit". Found by computing the
/// gradients of smaller batches, which changes the model's running statistics. If this fails for another reason, as on
/// a host without any free memory, the advice is general: the first error must be reported.
std::string fitting_batch(const engine::Context& context, TrainStep& step, const engine::StepClock& clock,
                          const data::Source& source, std::int64_t batch_size, const engine::OutOfMemory& error);

}  // namespace apps
