#pragma once
#include <memory>

#include "apps/run/config.h"
#include "engine/optim/optimizer.h"

namespace apps {

/// What the configuration's weight decay means for a parameter. optim.l2, as in the RandBits notebook: the kernels of
/// encoder and projector, in the loss. optim.weight_decay, as in SimCLR: LARS takes it into the update of the same
/// kernels, leaving it in the loss for the probe's; the others have it in the loss for all but batch norm.
engine::Treatment treatment(const Config::Optim& optim, const engine::ParameterInfo& parameter);

/// The optimizer that the configuration asks for.
std::unique_ptr<engine::Optimizer> make_optimizer(const Config::Optim& optim, const engine::ParameterSet& parameters);

}  // namespace apps
