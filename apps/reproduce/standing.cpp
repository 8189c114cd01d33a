#include "apps/reproduce/standing.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/reproduce/measures.h"
#include "apps/run/checkpoint.h"
#include "apps/run/metrics.h"
#include "apps/train/run_result.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

/// Returns nothing unless the run ended because of non-finite numbers.
std::optional<std::string> failure_of(const fs::path& run) {
  if (!fs::is_directory(run / "crash")) return std::nullopt;
  for (const auto& entry : fs::directory_iterator(run / "crash")) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("step_") || entry.path().extension() == ".tmp") continue;
    return fmt::format("numbers became infinite or NaN in step {}; its weights are in {}", name.substr(5),
                       entry.path().string());
  }
  return std::nullopt;
}

}  // namespace

Standing standing_of(const Experiment& experiment, const Cell& cell, std::int64_t steps) {
  const fs::path run = cell.directory(), metrics = run / kMetricsFile;
  Standing standing{.seconds = fs::exists(metrics) ? seconds_of_steps(engine::read_file(metrics)) : 0};
  const auto result = read_result(run);
  standing.trained = cell.untrained || (result && result->step == steps);
  if (standing.trained) {
    standing.step = cell.untrained ? 0 : steps;
    standing.finished =
        std::all_of(experiment.measures.begin(), experiment.measures.end(),
                    [&](const Measure& measure) { return !applies(cell, measure) || is_measured(cell, measure); });
  } else if (fs::exists(run / "config.toml")) {
    standing.failure = failure_of(run);
    try {
      if (const auto checkpoint = Checkpoints(run, 1).newest()) standing.step = checkpoint->state.step;
    } catch (const engine::DataError& error) {
      throw engine::DataError(engine::concat(run.string(), ": ", error.what()));
    }
  }
  return standing;
}

}  // namespace apps
