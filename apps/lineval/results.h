#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "apps/evaluation/linear_probe.h"
#include "apps/lineval/arguments.h"

namespace apps {

/// The accuracies on the test set for one label set.
struct Accuracies {
  std::string label_set = {};
  double top1 = 0;                               ///< of the linear classifier that is trained by `lineval`
  std::optional<double> top1_standardized = {};  ///< of the same on standardised features, if asked for
  double knn = 0;
  std::optional<double> online_top1 =
      {};  ///< of the run's online probe for the same features and labels, if it has one
};

/// The results of an evaluation for one label set, and what was evaluated.
struct EvaluationResults {
  const EvaluationSettings& settings;
  std::string label_set = data::kClassLabel;
  std::string arch = {};
  std::int64_t step = 0;  ///< the checkpoint's step; of a file, 0
  std::string encoder_sha256 = {};
  bool redrawn = false;       ///< whether each epoch had features of its own
  std::string protocol = {};  ///< how the figures were obtained, in one sentence
  std::int64_t features = 0;  ///< number of features per image
  std::int64_t neighbours = 0;
  double knn = 0;
  LinearProbeResult probe = {};
  std::optional<LinearProbeResult> standardized = {};  ///< of the grid on standardised features
  std::optional<double> online_top1 = {};              ///< see Accuracies
};

Accuracies accuracies_of(const EvaluationResults& results);

/// `redrawn`: whether each epoch has features of its own; not if the data do not vary, whatever the protocol.
std::string protocol_text(const EvaluationSettings& settings, bool redrawn, const Representation& representation,
                          const std::string& data);

/// The line that the program prints.
std::string result_line(const EvaluationResults& results);

/// Writes the files of ResultStore.
void write_results(const std::filesystem::path& directory, const EvaluationResults& results);
/// An upper bound for their size.
std::uint64_t most_bytes_of_results(std::int64_t features, std::int64_t classes, const LinearEvaluation& protocol);

}  // namespace apps
