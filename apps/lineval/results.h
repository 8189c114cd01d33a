#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/evaluation/linear_probe.h"
#include "apps/lineval/arguments.h"

namespace apps {

/// The results of an evaluation, and what was evaluated.
struct EvaluationResults {
  const EvaluationSettings& settings;
  std::string arch = {};
  std::int64_t step = 0;  ///< the checkpoint's step; of a file, 0
  std::string encoder_sha256 = {};
  bool redrawn = false;       ///< whether each epoch had features of its own
  std::string protocol = {};  ///< how the figures were obtained, in one sentence
  std::int64_t features = 0;  ///< number of features per image
  std::int64_t neighbours = 0;
  double knn = 0;
  LinearProbeResult probe = {};
};

/// `redrawn`: whether each epoch has features of its own; not if the data do not vary, whatever the protocol.
std::string protocol_text(const LinearEvaluation& protocol, bool redrawn, const Representation& representation,
                          const std::string& data);

/// The line that the program prints.
std::string result_line(const EvaluationResults& results);

/// Writes the files of ResultStore.
void write_results(const std::filesystem::path& directory, const EvaluationResults& results);
/// An upper bound for their size.
std::uint64_t most_bytes_of_results(std::int64_t features, std::int64_t classes, std::size_t learning_rates);

}  // namespace apps
