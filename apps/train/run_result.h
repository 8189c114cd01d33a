#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "apps/run/run_directory.h"
#include "apps/train/trainer.h"

namespace apps {

/// Writes result.json, by which a finished run is known. Returns the line that a program prints at its end: the same,
/// and which run it is.
std::string write_result(const RunDirectory& directory, const Trainer& trainer, const Trainer::Summary& summary);

/// What result.json says.
struct RunResult {
  std::int64_t step = 0;
  double probe_test_accuracy = 0;
};
/// Nothing for a run that was never finished.
std::optional<RunResult> read_result(const std::filesystem::path& run);

}  // namespace apps
