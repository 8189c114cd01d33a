#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "apps/reproduce/cells.h"

namespace apps {

/// How far a cell is.
struct Standing {
  std::int64_t step = 0;                    ///< the step from which it would continue
  bool trained = false;                     ///< all steps are done, or none are needed
  bool finished = false;                    ///< and everything is measured
  std::optional<std::string> failure = {};  ///< set if its numbers became infinite or NaN; says where the weights are
  double seconds = 0;                       ///< duration of its steps, over all processes
};
/// `steps`: the number of steps of a finished run.
Standing standing_of(const Experiment& experiment, const Cell& cell, std::int64_t steps);

}  // namespace apps
