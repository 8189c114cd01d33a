#pragma once
#include <memory>
#include <vector>

#include "apps/config/config.h"
#include "apps/train/objective.h"
#include "apps/train/online_probe.h"
#include "data/source.h"
#include "engine/parameters.h"

namespace apps {

/// All that a run trains: the objective with its networks, and the online probes beside it.
struct Model {
  engine::ParameterSet parameters;  ///< of all of them
  std::unique_ptr<Objective> objective;
  std::vector<OnlineProbe> probes;

  /// What the probes want to see, each once.
  std::vector<std::string> taps() const;
};

/// The model that the configuration asks for, laid out and initialised. `source` tells channels and classes. Throws
/// engine::DataError for images of a size that its encoder cannot take.
Model make_model(const engine::Context& context, const Config& config, const data::Source& source);

}  // namespace apps
