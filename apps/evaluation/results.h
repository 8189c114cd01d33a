#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/evaluation/arguments.h"
#include "apps/evaluation/linear_probe.h"

namespace apps {

/// What an evaluation found, and of what.
struct EvaluationResults {
  const EvaluationArguments& arguments;
  const Config& config;
  std::int64_t step = 0;  ///< of the checkpoint
  std::string encoder_sha256 = {};
  std::string protocol = {};  ///< in a sentence: how the figures came about
  std::int64_t features = 0;  ///< of an image
  std::int64_t neighbours = 0;
  double knn = 0;
  LinearProbeResult probe = {};
};

std::string protocol_text(const LinearProbeOptions& options, std::int64_t features, const std::string& data);

/// The line that the program prints.
std::string result_line(const EvaluationResults& results);

/// The files of ResultStore.
void write_results(const std::filesystem::path& directory, const EvaluationResults& results);
/// At most how many bytes they have.
std::uint64_t most_bytes_of_results(std::int64_t features, std::int64_t classes, std::size_t learning_rates);

}  // namespace apps
