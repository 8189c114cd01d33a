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
  double epoch = 0;                   ///< epochs done, with the fraction
  double time = 0;                    ///< Unix time, s
  std::string phase = "train";        ///< "train" or "eval"
  std::vector<Measured> values = {};  ///< in the order of the record's keys
};

/// The records of metrics.jsonl up to a step, line for line; without what is not a record, as a kill may leave one.
std::string records_until(std::int64_t step, const std::string& records);
/// What an evaluation after a step has recorded under a name, when that is among the records.
std::optional<double> evaluation_after(std::int64_t step, std::string_view name, const std::string& records);
/// How long the recorded steps took, whatever processes did them. Lines without such a time (evaluations) do not count.
double seconds_of_steps(const std::string& records);

/// metrics.jsonl: one JSON object per line, on the disk's queue as soon as it is written. Numbers that are infinite or
/// NaN become null, and "nonfinite" lists their names.
class MetricsFile {
 public:
  /// Appends to `path`, after dropping what a resumed run will do again: records past `restored_step`, and a last line
  /// that a kill cut short. -1 (nothing was restored) drops everything.
  MetricsFile(const std::filesystem::path& path, std::int64_t restored_step);

  void write(const StepMetrics& metrics);

 private:
  engine::Descriptor file_;
};

}  // namespace apps
