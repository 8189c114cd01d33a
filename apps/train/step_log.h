#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/objectives/objective.h"
#include "apps/run/metrics.h"
#include "apps/tensorboard/run_events.h"
#include "apps/train/late_records.h"
#include "kernels/runtime/pool.h"

namespace apps {

/// Writes the measurements of steps and evaluations to metrics.jsonl and to TensorBoard's events. Records of steps
/// arrive from the device a few steps late. The first written record also writes scalars.json, which tells the report
/// how to draw them.
class StepLog {
 public:
  struct Options {
    std::filesystem::path run = {};   ///< the directory; empty: records are read and not written
    std::int64_t restored_step = -1;  ///< records after it are dropped; -1: all records
    std::int64_t steps_per_epoch = 1;
    std::int64_t batch_size = 0;        ///< of all ranks
    int workers = 1;                    ///< of the loaders of all ranks
    bool tensorboard = false;           ///< whether to write events
    bool contrastive = false;           ///< whether the loss is one
    std::vector<Measured> newest = {};  ///< of the step before the first one, if known
  };
  /// The scalars of a step's record, with names, in order.
  using Measure = std::function<std::vector<Measured>(const engine::StepRecord& record)>;

  StepLog(engine::TrainingStatus& status, const engine::Pool& pool, Measure measure, Options options);

  /// Counts an issued step and what its images took.
  void count_step(const InputTime& input);
  /// Requests the records since the last request: if the last of them `logs`, if it is `needed` for another reason, or
  /// if the ring of records would overflow otherwise.
  void request(bool logs, bool needed);
  /// Writes the records that have arrived and are to be logged; with `wait`, all requested ones. Stops at a non-finite
  /// step, which TrainingStatus then reports; its record is always written.
  void write_records(bool wait);
  void write_evaluation(std::int64_t step, const std::vector<Measured>& measured);
  /// Starts a new mean step time, so that evaluations and checkpoints do not count.
  void begin_window() { window_ = {}; }

  /// All scalars of the newest step that was read.
  const std::vector<Measured>& newest() const { return newest_; }
  /// "wait 0.1 ms, decode 5120 images/s, augment 2100 images/s", as last logged; empty before that.
  const std::string& input_text() const { return input_text_; }

 private:
  void write(const LateRecords::Read& read);
  std::vector<Measured> input_of(const LateRecords::Read& read);
  void write(const StepMetrics& metrics);
  double epochs(std::int64_t step) const;  ///< epochs done after that step, including the fraction

  engine::TrainingStatus& status_;
  const engine::Pool& pool_;
  Measure measure_;
  Options options_;
  std::optional<MetricsFile> metrics_;
  std::optional<RunEvents> events_;
  LateRecords late_;
  Window window_;
  std::vector<Measured> newest_;
  std::string input_text_;
  bool described_ = false;  // whether scalars.json was written
};

}  // namespace apps
