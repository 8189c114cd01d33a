#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/reproduce/experiment.h"
#include "apps/run/data_fingerprint.h"
#include "apps/run/run_flags.h"

namespace apps {

/// The user's settings for an experiment.
struct Request {
  std::filesystem::path out;
  std::string budget = "paper";
  std::optional<std::int64_t> seeds = {};           ///< runs of every cell, seeds 1, 2, ...; else the budget's
  std::map<std::string, std::string> sources = {};  ///< by name; others are the usual ones
  Where cells = {};                                 ///< only these
  Layers layers = {};                               ///< --set and flags, for every run
};

/// One run of an experiment: one value of each axis, and a seed.
struct Cell {
  Place place;
  std::map<std::string, std::string> values = {};  ///< the same as texts, by axis
  std::int64_t seed = 1;
  std::string name;        ///< name of its run directory: "bits5-t0.1-s1"
  bool asked = true;       ///< false: outside --cells, or a seed beyond --seeds, but an earlier command finished it
  bool untrained = false;  ///< see AxisValue
  RunArguments run;

  std::filesystem::path directory() const { return run.out; }
  Config config() const { return with_layers(Config{}, run.layers); }
};

constexpr std::int64_t kMostSeeds = 100;

/// `text` with the sources and the place's values in place of {NAME}.
std::string filled(const std::string& text, const Experiment& experiment, const Request& request, const Place& place);

/// All runs that are asked for, and all others of the experiment that have a directory in `request.out`. The whole
/// table with one seed comes before the next seed, so that first results are early. Throws UsageError for settings that
/// are invalid or that the experiment sets itself, and for cells that do not exist.
std::vector<Cell> cells_of(const Experiment& experiment, const Request& request);

/// The changes that the user made and that affect the results: "train.steps: 0 -> 10", "mnist: digits: in place of
/// mnist".
std::vector<std::string> changes(const Experiment& experiment, const Request& request, const Cell& cell);

/// Reads the value of --cells, "digits=8|16, placement=grid", into `cells`. Throws UsageError for unknown axes and
/// values.
void read_cells(const std::string& text, const Experiment& experiment, const Budget& budget, Where& cells);
/// Reads the value of --data: SOURCE if the budget reads one source, else NAME=SOURCE. Throws UsageError.
void read_source(const std::string& text, const Experiment& experiment, const Budget& budget,
                 std::map<std::string, std::string>& sources);

}  // namespace apps
