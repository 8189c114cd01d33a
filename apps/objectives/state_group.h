#pragma once
#include <string>

#include "engine/parameters.h"

namespace apps {

/// A set of tensors that a checkpoint contains.
struct StateGroup {
  std::string name;  ///< before the tensors' names: "momentum" in "momentum.encoder.conv1.weight"; or empty
  const engine::ParameterSet& parameters;
};

}  // namespace apps
