#pragma once
#include <memory>

#include "apps/config/config.h"
#include "apps/train/objective.h"
#include "data/source.h"
#include "engine/parameters.h"

namespace apps {

/// The objective that the configuration asks for, its networks added to `parameters`. `source` tells channels. Throws
/// engine::DataError for images of a size that its encoder cannot take.
std::unique_ptr<Objective> make_objective(engine::ParameterSet& parameters, const Config& config,
                                          const data::Source& source);

}  // namespace apps
