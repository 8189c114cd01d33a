#pragma once
#include <cstdint>

#include "apps/reproduce/cells.h"
#include "apps/train/begun_run.h"

namespace apps {

/// How far a cell is. An untrained network needs no steps.
struct Standing : RunStanding {
  bool finished = false;  ///< trained, and everything is measured
};
/// `steps`: the number of steps of a finished run.
Standing standing_of(const Experiment& experiment, const Cell& cell, std::int64_t steps);

}  // namespace apps
