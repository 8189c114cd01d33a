#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/run/scalar.h"
#include "engine/io/descriptor.h"

namespace apps {

inline constexpr char kMetricsFile[] = "metrics.jsonl";

/// One record of metrics.jsonl.
struct StepMetrics {
  std::int64_t step = 0;              ///< optimizer steps done
  double epoch = 0;                   ///< epochs done, including the fraction
  double time = 0;                    ///< Unix time, s
  std::string phase = "train";        ///< "train" or "eval"
  std::vector<Measured> values = {};  ///< in the order of the record's keys
};

/// The records of metrics.jsonl up to a step, line by line, without invalid lines that a kill may have left.
std::string records_until(std::int64_t step, const std::string& records);
/// The same records as they were measured: what is null is NaN.
std::vector<StepMetrics> read_metrics(const std::string& records);
/// The value with this name that an evaluation after this step recorded; nothing if there is none.
std::optional<double> evaluation_after(std::int64_t step, std::string_view name, const std::string& records);
/// The total time of the recorded steps, in all processes. Lines without such a time (evaluations) are ignored.
double seconds_of_steps(const std::string& records);

/// metrics.jsonl: one JSON object per line, handed to the system as soon as it is written. Infinite numbers and NaN
/// become null, and "nonfinite" lists their names.
class MetricsFile {
 public:
  /// Appends to `path`. First removes what a resumed run will repeat: records after `restored_step`, and a last line
  /// that a kill cut short. -1 (nothing was restored) removes everything.
  MetricsFile(const std::filesystem::path& path, std::int64_t restored_step);

  void write(const StepMetrics& metrics);

 private:
  engine::Descriptor file_;
};

}  // namespace apps
