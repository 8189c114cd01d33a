#include "apps/run/metrics.h"

#include <fcntl.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/core/error.h"
#include "engine/io/files.h"

namespace apps {
namespace {

constexpr std::pair<const char*, std::optional<double> StepMetrics::*> kMeasured[] = {
    {"loss", &StepMetrics::loss},
    {"loss_align", &StepMetrics::loss_align},
    {"loss_dist", &StepMetrics::loss_dist},
    {"contrast_acc", &StepMetrics::contrast_acc},
    {"probe_acc", &StepMetrics::probe_acc},
    {"lr", &StepMetrics::lr},
    {"grad_norm", &StepMetrics::grad_norm},
    {"images_per_s", &StepMetrics::images_per_s},
    {"step_ms", &StepMetrics::step_ms},
    {"data_wait_ms", &StepMetrics::data_wait_ms},
    {"mem_peak_bytes", &StepMetrics::mem_peak_bytes}};

/// Of one line; past every step for a line that is not a record.
std::int64_t step_of(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  const bool record = json.is_object() && json.contains("step") && json["step"].is_number_integer();
  return record ? json["step"].get<std::int64_t>() : INT64_MAX;
}

engine::Descriptor open_after(const std::filesystem::path& path, std::int64_t restored_step) {
  if (std::filesystem::exists(path)) {
    const std::string before = engine::read_file(path);
    std::istringstream lines(before);
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
      if (step_of(line) <= restored_step) kept += line + "\n";
    }
    if (kept != before) engine::atomic_write_file(path, kept);
  }
  return engine::Descriptor(path, O_WRONLY | O_CREAT | O_APPEND);
}

}  // namespace

MetricsFile::MetricsFile(const std::filesystem::path& path, std::int64_t restored_step)
    : file_(open_after(path, restored_step)) {}

void MetricsFile::write(const StepMetrics& metrics) {
  nlohmann::ordered_json record = {
      {"step", metrics.step}, {"epoch", metrics.epoch}, {"time", metrics.time}, {"phase", metrics.phase}};
  std::vector<std::string> nonfinite;
  for (const auto& [name, member] : kMeasured) {
    const std::optional<double>& value = metrics.*member;
    if (!value) continue;
    record[name] = *value;  // JSON has no infinity and no NaN: the library writes null
    if (!std::isfinite(*value)) nonfinite.push_back(name);
  }
  if (!nonfinite.empty()) record["nonfinite"] = nonfinite;
  file_.write(record.dump() + "\n");  // one write(2): a reader never sees half a record
}

}  // namespace apps
