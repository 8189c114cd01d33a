#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "apps/run/run_directory.h"
#include "apps/train/trainer.h"

namespace apps {

/// Writes result.json, which marks a run as finished. Returns the line that a program prints at its end: the same
/// values and the run directory.
std::string write_result(const RunDirectory& directory, const Trainer& trainer, const Trainer::Summary& summary);

/// The contents of result.json.
struct RunResult {
  std::int64_t step = 0;
  std::optional<double> probe_test_accuracy = {};  ///< none without labels
};
/// Returns nothing if the run is not finished.
std::optional<RunResult> read_result(const std::filesystem::path& run);
/// The accuracy on the test set of the online probe of this name, if the run finished after this step and has one.
std::optional<double> online_accuracy(const std::filesystem::path& run, std::int64_t step, const std::string& probe);

}  // namespace apps
