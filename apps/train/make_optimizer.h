#pragma once
#include <memory>

#include "engine/optim/optimizer_options.h"

namespace apps {

/// How the options' weight decay applies to a parameter. optim.l2, as in the RandBits notebook, is in the loss, for the
/// kernels of encoder and projector. optim.weight_decay follows SimCLR: with LARS it is in the update of the same
/// kernels, and in the loss for the probe's kernel; with other optimizers it is in the loss for everything except batch
/// norm.
engine::Treatment treatment(const engine::OptimizerOptions& options, const engine::ParameterInfo& parameter);

/// The optimizer that the options name.
std::unique_ptr<engine::Optimizer> make_optimizer(const engine::OptimizerOptions& options,
                                                  const engine::ParameterSet& parameters);

}  // namespace apps
