#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "apps/suppress/kept_weights.h"

namespace apps {

/// The user's settings for a table of finished runs.
struct TableRequest {
  std::filesystem::path directory;  ///< --table
  std::filesystem::path out;
  std::optional<std::string> images = {};  ///< --data: where the runs' images are now
  KeptWeights::Options looks = {};
  bool report = true;
};

/// The work of `suppress --table`: reads the runs and their weights, trains nothing, writes suppression.json and
/// report.md into `request.out`, and prints the result. Throws Interrupted, with nothing written, if a signal asks to
/// stop.
void suppress_table(const TableRequest& request, std::span<char* const> argv);

}  // namespace apps
