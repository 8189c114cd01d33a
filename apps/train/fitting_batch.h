#pragma once
#include <string>

#include "apps/train/train_step.h"
#include "kernels/runtime/error.h"

namespace apps {

/// What to do about a training step that did not fit: "--batch-size 384 would fit". Found by computing the gradients of
/// smaller batches, so the model's running statistics are of no more use. Where that fails in another way, as on a
/// host whose last memory is taken, the advice is general: what went wrong first is what has to be reported.
std::string fitting_batch(const engine::Context& context, TrainStep& step, const engine::StepClock& clock,
                          const data::Source& source, std::int64_t batch_size, const engine::OutOfMemory& error);

}  // namespace apps
