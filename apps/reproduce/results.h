#pragma once
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "apps/reproduce/cells.h"

namespace apps {

/// What results.json says: every pair of values with the published figure, our runs, their mean and its difference.
/// Without those runs that are not finished yet or failed. `cells` has one at least. `environment`: as env.json.
nlohmann::ordered_json results_json(const Experiment& experiment, std::span<const Cell> cells, std::int64_t steps,
                                    const std::string& environment);

/// report.md from results.json.
std::string report_markdown(const nlohmann::ordered_json& results);

}  // namespace apps
