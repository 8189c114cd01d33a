#pragma once
#include <memory>

#include "apps/config/config.h"
#include "apps/objectives/objective.h"
#include "data/source.h"
#include "engine/parameters.h"

namespace apps {

/// The objective that the configuration describes; its networks are added to `parameters`. `source` gives the number of
/// channels. Throws engine::DataError if the encoder does not accept images of that size.
std::unique_ptr<Objective> make_objective(engine::ParameterSet& parameters, const Config& config,
                                          const data::Source& source);

}  // namespace apps
