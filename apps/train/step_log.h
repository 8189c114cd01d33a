#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/run/metrics.h"
#include "apps/train/late_records.h"
#include "apps/train/objective.h"
#include "kernels/runtime/pool.h"

namespace apps {

/// What a run's steps and evaluations measure, on its way into metrics.jsonl. Records of steps come from the device a
/// few steps late; the first one that is written also leaves scalars.json, by which the report draws them all.
class StepLog {
 public:
  struct Options {
    std::filesystem::path run = {};   ///< the directory
    std::int64_t restored_step = -1;  ///< later records are dropped; -1: all
    std::int64_t steps_per_epoch = 1;
    std::int64_t batch_size = 0;
    std::vector<Measured> newest = {};  ///< of the step before the first, as far as it is known
  };
  /// What a record of a step says, all scalars by name and in order.
  using Measure = std::function<std::vector<Measured>(const engine::StepRecord& record)>;

  StepLog(engine::TrainingStatus& status, const engine::Pool& pool, Measure measure, Options options);

  /// A step was issued, which had waited so long for its data.
  void count_step(double waited_ms);
  /// Asks for the records since the last request: once in so many steps, because the ring of records must not overflow,
  /// and whenever the last of them `logs` or is `needed` for another reason.
  void request(bool logs, bool needed);
  /// Writes those that have come and are to be logged; with `wait`, all that were asked for. Stops at a step that was
  /// not finite, whose record is written in any case: TrainingStatus then says so.
  void write_records(bool wait);
  void write_evaluation(std::int64_t step, const std::vector<Measured>& measured);
  /// Steps from here on have a mean time of their own: evaluations and checkpoints are no part of it.
  void begin_window() { window_ = {}; }

  /// All scalars of the newest step that was read.
  const std::vector<Measured>& newest() const { return newest_; }

 private:
  void write(const LateRecords::Read& read);
  double epochs(std::int64_t step) const;  ///< done after that step, with the fraction

  engine::TrainingStatus& status_;
  const engine::Pool& pool_;
  Measure measure_;
  Options options_;
  MetricsFile metrics_;
  LateRecords late_;
  Window window_;
  std::vector<Measured> newest_;
  bool described_ = false;  // in scalars.json
};

}  // namespace apps
