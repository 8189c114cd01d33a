#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "apps/config/config.h"
#include "apps/suppress/arms.h"
#include "apps/suppress/planted_in.h"

namespace apps {

/// A finished run in a table's directory.
struct TableRun {
  std::string name;  ///< of its directory
  std::filesystem::path directory;
  Config config;
  PlantedIn planted;
  std::int64_t steps = 0;
};

using Setting = std::pair<std::string, std::string>;  ///< a key of the configuration and its text

/// Runs of one setting and one planted feature that differ in the arm and the seed alone.
struct TableRow {
  Plant plant;
  bool every_visit = false;  ///< see PlantedIn
  std::string images;
  std::vector<Setting> settings = {};              ///< those by which rows of the table differ
  std::array<std::vector<TableRun>, 3> arms = {};  ///< kClean, kPlanted, kControl; the same seeds, by seed
  std::string nearest_clean = {};  ///< without a clean run, in what the most similar one differs: "RUN differs in..."
};

/// The runs in a directory, as `suppress`, `reproduce` and `pretrain` leave them, in pairs.
struct RunTable {
  std::vector<TableRow> rows = {};         ///< one for each planted feature of each setting
  std::vector<std::string> left_out = {};  ///< one sentence for each run that is in no row
};

/// Reads configurations and results, and nothing else. Throws UsageError if there is nothing to compare.
RunTable read_run_table(const std::filesystem::path& directory);

}  // namespace apps
