#include "apps/train/step_log.h"

#include <fmt/format.h>

#include <chrono>

#include "engine/io/files.h"

namespace apps {
namespace {

constexpr char kScalars[] = "scalars.json";
const PlotAxis kSpeedAxis{.label = "images/s", .min = 0}, kWaitAxis{.label = "wait for images (ms per step)", .min = 0};

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

StepLog::StepLog(engine::TrainingStatus& status, const engine::Pool& pool, Measure measure, Options options)
    : status_(status),
      pool_(pool),
      measure_(std::move(measure)),
      options_(std::move(options)),
      late_(status),
      newest_(options_.newest) {
  if (options_.run.empty()) return;
  metrics_.emplace(options_.run / kMetricsFile, options_.restored_step);
  if (options_.tensorboard) events_.emplace(options_.run, options_.restored_step, options_.contrastive);
}

void StepLog::count_step(const InputTime& input) {
  window_.input.add(input);
  ++window_.steps;
}

void StepLog::request(bool logs, bool needed) {
  if (logs || needed || window_.steps % engine::TrainingStatus::kSlots == 0) late_.request(window_, logs);
}

void StepLog::write_records(bool wait) {
  while (const auto read = wait ? late_.awaited() : late_.arrived()) {
    newest_ = measure_(read->record);
    if (metrics_ && (read->logs || status_.nonfinite())) write(*read);
    if (status_.nonfinite()) return;
  }
}

void StepLog::write(const LateRecords::Read& read) {
  std::vector<Measured> measured = newest_;
  const double images_per_s = static_cast<double>(options_.batch_size) * 1e3 / read.step_ms;
  measured.push_back({{.name = "images_per_s", .axis = kSpeedAxis}, images_per_s});
  measured.push_back({{.name = "step_ms"}, read.step_ms});
  for (const Measured& of_input : input_of(read)) measured.push_back(of_input);
  measured.push_back({{.name = "mem_peak_bytes"}, static_cast<double>(pool_.peak_bytes())});
  // Written first: a kill must not leave records without their description.
  if (!std::exchange(described_, true)) engine::atomic_write_file(options_.run / kScalars, scalars_json(measured));
  write(StepMetrics{
      .step = read.record.step, .epoch = epochs(read.record.step), .time = unix_time(), .values = std::move(measured)});
}

void StepLog::write(const StepMetrics& metrics) {
  metrics_->write(metrics);
  if (events_) events_->add(metrics);
}

/// How long a step waited for its images, and how many a second could be read and augmented.
std::vector<Measured> StepLog::input_of(const LateRecords::Read& read) {
  const InputTime& input = read.input;
  const double wait_ms = input.wait_ms / static_cast<double>(read.steps);
  std::vector<Measured> measured = {{{.name = "data_wait_ms", .axis = kWaitAxis}, wait_ms}};
  input_text_ = fmt::format("wait {:.1f} ms", wait_ms);
  const auto add = [&](const char* name, const char* verb, double images, double ms) {
    if (ms <= 0) return;
    const double images_per_s = images * 1e3 / ms;
    measured.push_back({{.name = name, .axis = kSpeedAxis}, images_per_s});
    input_text_ += fmt::format(", {} {:.0f} images/s", verb, images_per_s);
  };
  add("decoded_per_s", "decode", static_cast<double>(input.read_images * options_.workers), input.read_ms);
  add("augmented_per_s", "augment", static_cast<double>(options_.batch_size * read.steps), input.augment_ms);
  return measured;
}

void StepLog::write_evaluation(std::int64_t step, const std::vector<Measured>& measured) {
  if (metrics_) write({.step = step, .epoch = epochs(step), .time = unix_time(), .phase = "eval", .values = measured});
}

double StepLog::epochs(std::int64_t step) const {
  return static_cast<double>(step) / static_cast<double>(options_.steps_per_epoch);
}

}  // namespace apps
