#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/run/run_flags.h"

namespace apps {

// Runs that a program of many runs finds in its directories.

/// How far a run is.
struct RunStanding {
  std::int64_t step = 0;                    ///< the step from which it would continue
  bool trained = false;                     ///< all steps are done
  std::optional<std::string> failure = {};  ///< set if its numbers became infinite or NaN; says where the weights are
  double seconds = 0;                       ///< duration of its steps, over all processes
};
/// `steps`: the number of steps of a finished run. Throws engine::DataError for damaged files.
RunStanding run_standing(const std::filesystem::path& run, std::int64_t steps);

/// The differing fields that affect the results, as "key: before -> after"; not data.source, whose place may change.
std::vector<std::string> differing_settings(const Config& before, const Config& after);

/// Throws UsageError if the directory has a run with settings other than those of the arguments. Other images are not
/// noticed unless `same_source`: their contents are compared elsewhere.
void check_same_settings(const RunArguments& run, bool same_source);

/// Without a number of threads, a new run uses all processors, and a started run keeps its number: so remove a given 0.
void leave_threads_open(Layers& layers);

}  // namespace apps
