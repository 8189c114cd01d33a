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

/// What the user asked of an experiment.
struct Request {
  std::filesystem::path out;
  std::int64_t seeds = 2;  ///< 1, 2, ... of every pair of values
  Layers layers;           ///< --set and flags, for every run
};

/// One run of an experiment: a value of either axis, and a seed.
struct Cell {
  std::size_t row = 0, column = 0;
  std::int64_t seed = 1;
  std::string name;   ///< of its run directory: "bits05-t0.10-s1"
  bool asked = true;  ///< false: of a further seed, and only counts when an earlier command finished it
  RunArguments run;
};

constexpr std::int64_t kMostSeeds = 100;

/// All runs, and those of further seeds that are finished in `request.out`. The whole table with one seed before the
/// next seed, so that the first figures come early. Throws UsageError for settings that no run can have, and for those
/// that the experiment chooses itself.
std::vector<Cell> cells_of(const Experiment& experiment, const Request& request);

/// Whether a directory may be one of the experiment's runs, by its name.
bool is_name_of_cell(const Experiment& experiment, std::string_view name);

/// "train.steps: 0 -> 10": what the request changes in the recipe and that decides the figures.
std::vector<std::string> changes_to_recipe(const Experiment& experiment, const Cell& cell);

/// Throws UsageError when the cell's directory holds a run with other settings than it would have now, and
/// engine::DataError when it was made with other data.
void check_same_run(const Cell& cell, const DataFingerprint& data);

/// How far a cell is.
struct Standing {
  std::int64_t step = 0;                    ///< that it would go on from
  std::optional<double> accuracy;           ///< of a finished run
  std::optional<std::string> failure = {};  ///< of one whose numbers became infinite or NaN, with where its weights are
  double seconds = 0;                       ///< of its steps, over all processes that did them
};
/// `steps`: of a finished run.
Standing standing_of(const Cell& cell, std::int64_t steps);

}  // namespace apps
