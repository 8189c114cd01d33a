#pragma once
#include <array>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/suppress/kept_weights.h"
#include "apps/suppress/run_table.h"

namespace apps {

/// What was seen of the runs of a row: by arm, then in the order of its runs.
using RowLooks = std::array<std::vector<KeptWeights::Looks>, 3>;

/// An entry of suppression.json: the curves of the row's arms, where losses cross, and what can be said of it.
nlohmann::ordered_json row_json(const TableRow& row, const RowLooks& looks);

/// The contents of suppression.json. `environment`: as in env.json.
nlohmann::ordered_json table_json(const std::filesystem::path& directory, const RunTable& table,
                                  std::vector<nlohmann::ordered_json> rows, std::int64_t probe_images,
                                  const std::string& environment);

/// Makes report.md from suppression.json.
std::string table_markdown(const nlohmann::ordered_json& results);

}  // namespace apps
