#include "apps/run/metrics.h"

#include <fcntl.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/run/json_text.h"
#include "engine/io/files.h"
#include "engine/io/json.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

/// The record in a line; null if the line is no record, as a kill may leave one.
nlohmann::json record_in(std::string_view line) {
  auto json = engine::parse_json<nlohmann::json>(line);
  return json.is_object() && json.contains("step") && engine::whole_number(json["step"]) ? json : nullptr;
}

engine::Descriptor open_after(const std::filesystem::path& path, std::int64_t restored_step) {
  if (std::filesystem::exists(path)) {
    const std::string before = engine::read_file(path);
    const std::string kept = records_until(restored_step, before);
    if (kept != before) engine::atomic_write_file(path, kept);
  }
  return engine::Descriptor(path, O_WRONLY | O_CREAT | O_APPEND);
}

}  // namespace

std::string records_until(std::int64_t step, const std::string& records) {
  std::istringstream lines(records);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const auto record = record_in(line);
    if (record.is_object() && engine::whole_number(record["step"]) <= step) kept += line + "\n";
  }
  return kept;
}

std::vector<StepMetrics> read_metrics(const std::string& records) {
  std::istringstream lines(records);
  std::vector<StepMetrics> all;
  for (std::string line; std::getline(lines, line);) {
    const auto record = engine::parse_json<nlohmann::ordered_json>(line);
    if (!record_in(line).is_object()) continue;
    StepMetrics& metrics = all.emplace_back();
    for (const auto& [name, value] : record.items()) {
      const double number = value.is_number() ? value.get<double>() : std::nan("");
      if (name == "step")
        metrics.step = value.get<std::int64_t>();
      else if (name == "epoch")
        metrics.epoch = number;
      else if (name == "time")
        metrics.time = number;
      else if (name == "phase" && value.is_string())
        metrics.phase = value.get<std::string>();
      else if (value.is_number() || value.is_null())
        metrics.values.push_back({{.name = name}, number});
    }
  }
  return all;
}

std::optional<double> evaluation_after(std::int64_t step, std::string_view name, const std::string& records) {
  std::istringstream lines(records);
  for (std::string line; std::getline(lines, line);) {
    const auto record = record_in(line);
    if (!record.is_object() || engine::whole_number(record["step"]) != step) continue;
    const bool evaluation = record.contains("phase") && record["phase"] == "eval";
    const auto value = record.find(name);
    if (evaluation && value != record.end() && value->is_number()) return value->get<double>();
  }
  return std::nullopt;
}

double seconds_of_steps(const std::string& records) {
  std::istringstream lines(records);
  double ms = 0;
  std::int64_t before = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto record = record_in(line);
    if (!record.is_object() || !record.contains("step_ms") || !record["step_ms"].is_number()) continue;
    const std::int64_t step = *engine::whole_number(record["step"]);
    ms += record["step_ms"].get<double>() * (static_cast<double>(step) - static_cast<double>(before));
    before = step;
  }
  return ms / 1e3;
}

MetricsFile::MetricsFile(const std::filesystem::path& path, std::int64_t restored_step)
    : file_(open_after(path, restored_step)) {}

void MetricsFile::write(const StepMetrics& metrics) {
  nlohmann::ordered_json record = {
      {"step", metrics.step}, {"epoch", metrics.epoch}, {"time", metrics.time}, {"phase", metrics.phase}};
  std::vector<std::string> nonfinite;
  for (const auto& [scalar, value] : metrics.values) {
    record[scalar.name] = value;  // JSON has no infinity and no NaN: the library writes null
    if (!std::isfinite(value)) nonfinite.push_back(scalar.name);
  }
  if (!nonfinite.empty()) record["nonfinite"] = nonfinite;
  file_.write(json_text(record) + "\n");  // one write(2): a kill leaves no half record
}

}  // namespace apps
