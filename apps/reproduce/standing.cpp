#include "apps/reproduce/standing.h"

#include <algorithm>

#include "apps/reproduce/measures.h"

namespace apps {

Standing standing_of(const Experiment& experiment, const Cell& cell, std::int64_t steps) {
  Standing standing{cell.untrained ? RunStanding{.trained = true} : run_standing(cell.directory(), steps)};
  standing.finished = standing.trained &&
                      std::all_of(experiment.measures.begin(), experiment.measures.end(), [&](const Measure& measure) {
                        return !applies(cell, measure) || is_measured(cell, measure);
                      });
  return standing;
}

}  // namespace apps
