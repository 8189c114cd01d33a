#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/config/config.h"
#include "apps/objectives/objective.h"
#include "apps/train/online_probe.h"
#include "data/source.h"
#include "engine/parameters.h"

namespace apps {

/// Everything that a run trains: the objective with its networks, and the online probes.
struct Model {
  engine::ParameterSet parameters;  ///< parameters of all networks
  std::unique_ptr<Objective> objective;
  std::vector<OnlineProbe> probes;
  std::string initial_weights = {};  ///< where the encoder's weights are from, for a log; empty: drawn

  /// The taps that the probes need, each once.
  std::vector<std::string> taps() const;
  /// All that a checkpoint contains of it.
  std::vector<const engine::ParameterSet*> state() const;
};

/// The model that the configuration describes, allocated and initialised. `source` gives the numbers of channels and
/// classes. The encoder starts with the weights in the file `weights`, unless that is empty. Throws engine::DataError
/// if the encoder does not accept images of that size, and for a file that is not of this encoder.
Model make_model(const engine::Context& context, const Config& config, const data::Source& source,
                 const std::filesystem::path& weights = {});

}  // namespace apps
