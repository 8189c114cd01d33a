#pragma once
#include <memory>

#include "engine/optim/optimizer_options.h"

namespace apps {

/// What the options' weight decay means for a parameter. optim.l2, as in the RandBits notebook: the kernels of
/// encoder and projector, in the loss. optim.weight_decay, as in SimCLR: LARS takes it into the update of the same
/// kernels, leaving it in the loss for the probe's; the others have it in the loss for all but batch norm.
engine::Treatment treatment(const engine::OptimizerOptions& options, const engine::ParameterInfo& parameter);

/// The optimizer that the options name.
std::unique_ptr<engine::Optimizer> make_optimizer(const engine::OptimizerOptions& options,
                                                  const engine::ParameterSet& parameters);

}  // namespace apps
