#include "apps/train/step_log.h"

#include <chrono>

#include "engine/io/files.h"

namespace apps {
namespace {

constexpr char kScalars[] = "scalars.json";
const PlotAxis kSpeedAxis{.label = "images/s", .min = 0};

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

StepLog::StepLog(engine::TrainingStatus& status, const engine::Pool& pool, Measure measure, Options options)
    : status_(status),
      pool_(pool),
      measure_(std::move(measure)),
      options_(std::move(options)),
      metrics_(options_.run / kMetricsFile, options_.restored_step),
      late_(status),
      newest_(options_.newest) {}

void StepLog::count_step(double waited_ms) {
  window_.wait_ms += waited_ms;
  ++window_.steps;
}

void StepLog::request(bool logs, bool needed) {
  if (logs || needed || window_.steps % engine::TrainingStatus::kSlots == 0) late_.request(window_, logs);
}

void StepLog::write_records(bool wait) {
  while (const auto read = wait ? late_.awaited() : late_.arrived()) {
    newest_ = measure_(read->record);
    if (read->logs || status_.nonfinite()) write(*read);
    if (status_.nonfinite()) return;
  }
}

void StepLog::write(const LateRecords::Read& read) {
  std::vector<Measured> measured = newest_;
  const double images_per_s = static_cast<double>(options_.batch_size) * 1e3 / read.step_ms;
  measured.push_back({{.name = "images_per_s", .axis = kSpeedAxis}, images_per_s});
  measured.push_back({{.name = "step_ms"}, read.step_ms});
  measured.push_back({{.name = "data_wait_ms"}, read.wait_ms});
  measured.push_back({{.name = "mem_peak_bytes"}, static_cast<double>(pool_.peak_bytes())});
  // Written first: a kill must not leave records without their description.
  if (!std::exchange(described_, true)) engine::atomic_write_file(options_.run / kScalars, scalars_json(measured));
  metrics_.write({.step = read.record.step,
                  .epoch = epochs(read.record.step),
                  .time = unix_time(),
                  .values = std::move(measured)});
}

void StepLog::write_evaluation(std::int64_t step, const std::vector<Measured>& measured) {
  metrics_.write({.step = step, .epoch = epochs(step), .time = unix_time(), .phase = "eval", .values = measured});
}

double StepLog::epochs(std::int64_t step) const {
  return static_cast<double>(step) / static_cast<double>(options_.steps_per_epoch);
}

}  // namespace apps
