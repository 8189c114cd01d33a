#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "apps/reproduce/cells.h"

namespace apps {

/// An experiment with the user's settings, and its runs.
struct ExperimentRuns {
  Experiment experiment;
  Request request;
  std::vector<Cell> cells;          ///< not empty
  std::vector<std::int64_t> steps;  ///< of each
};

/// The contents of results.json: for every place and quantity our runs and their mean; with the paper's budget the
/// published figure and the difference from it, with another one the trends alone. Unfinished and failed runs are left
/// out. `environment`: as in env.json.
nlohmann::ordered_json results_json(const ExperimentRuns& table, const std::string& environment);

/// Makes report.md from results.json.
std::string report_markdown(const nlohmann::ordered_json& results);
/// Makes results.csv from results.json: a line for every number of every run.
std::string results_csv(const nlohmann::ordered_json& results);

}  // namespace apps
