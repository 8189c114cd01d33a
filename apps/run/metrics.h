#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/io/descriptor.h"

namespace apps {

/// One record of metrics.jsonl. What is not measured in a step stays empty and out of the record.
struct StepMetrics {
  std::int64_t step = 0;            ///< optimizer steps done
  double epoch = 0;                 ///< epochs done, with the fraction
  double time = 0;                  ///< Unix time, s
  std::string phase = "train";      ///< "train" or "eval"
  std::optional<double> loss = {};  ///< total; natural logarithms, as its two parts
  std::optional<double> loss_align = {}, loss_dist = {};
  std::optional<double> contrast_acc = {};  ///< fraction of views whose partner is the most similar one
  std::optional<double> probe_acc = {};     ///< fraction of images that the online probe gets right
  std::optional<double> lr = {}, grad_norm = {};
  std::optional<double> images_per_s = {}, step_ms = {}, data_wait_ms = {};
  std::optional<double> mem_peak_bytes = {};
};

/// The records of metrics.jsonl up to a step, line for line; without what is not a record, as a kill may leave one.
std::string records_until(std::int64_t step, const std::string& records);
/// What the probe reached on the test set after a step, when that is among the records.
std::optional<double> evaluation_after(std::int64_t step, const std::string& records);
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
