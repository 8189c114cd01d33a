#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/reproduce/experiments.h"
#include "apps/run/data_fingerprint.h"
#include "apps/run/run_flags.h"

namespace apps {

/// The user's settings for an experiment.
struct Request {
  std::filesystem::path out;
  std::int64_t seeds = 2;  ///< number of seeds (1, 2, ...) for every pair of values
  Layers layers;           ///< --set and flags, for every run
};

/// One run of an experiment: one value of each axis, and a seed.
struct Cell {
  std::size_t row = 0, column = 0;
  std::int64_t seed = 1;
  std::string name;   ///< name of its run directory: "bits05-t0.10-s1"
  bool asked = true;  ///< false: a seed beyond `seeds` that an earlier command finished
  RunArguments run;
};

constexpr std::int64_t kMostSeeds = 100;

/// All requested runs, and finished runs of further seeds in `request.out`. The whole table with one seed comes before
/// the next seed, so that first results are early. Throws UsageError for settings that are invalid or that the
/// experiment sets itself.
std::vector<Cell> cells_of(const Experiment& experiment, const Request& request);

/// Whether a directory's name is that of one of the experiment's runs.
bool is_name_of_cell(const Experiment& experiment, std::string_view name);

/// The changes of the request to the recipe that affect the results: "train.steps: 0 -> 10".
std::vector<std::string> changes_to_recipe(const Experiment& experiment, const Cell& cell);

/// Throws UsageError if the cell's directory has a run with settings other than the requested ones, and
/// engine::DataError if that run used other data.
void check_same_run(const Cell& cell, const DataFingerprint& data);

/// The progress of a cell.
struct Standing {
  std::int64_t step = 0;                    ///< the step from which it would continue
  std::optional<double> accuracy;           ///< set if the run is finished
  std::optional<std::string> failure = {};  ///< set if its numbers became infinite or NaN; says where the weights are
  double seconds = 0;                       ///< duration of its steps, over all processes
};
/// `steps`: the number of steps of a finished run.
Standing standing_of(const Cell& cell, std::int64_t steps);

}  // namespace apps
