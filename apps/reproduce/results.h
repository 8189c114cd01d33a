#pragma once
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "apps/reproduce/cells.h"

namespace apps {

/// The contents of results.json: for every pair of values the published figure, our runs, their mean and its difference
/// from the published figure. Unfinished and failed runs are left out. `cells` must not be empty. `environment`: as in
/// env.json.
nlohmann::ordered_json results_json(const Experiment& experiment, std::span<const Cell> cells, std::int64_t steps,
                                    const std::string& environment);

/// Makes report.md from results.json.
std::string report_markdown(const nlohmann::ordered_json& results);

}  // namespace apps
