#include "apps/run/metrics_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "apps/run/metrics.h"
#include "engine/io/files.h"

namespace apps {

std::string metrics_table(const std::string& records) {
  const std::vector<StepMetrics> all = read_metrics(records);
  std::vector<std::string> columns;
  for (const StepMetrics& metrics : all) {
    for (const Measured& measured : metrics.values) {
      const std::string& name = measured.scalar.name;
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
    }
  }
  std::string text = "step,epoch,time,phase";
  for (const std::string& column : columns) text += "," + column;
  text += "\n";
  for (const StepMetrics& metrics : all) {
    text += fmt::format("{},{},{},{}", metrics.step, metrics.epoch, metrics.time, metrics.phase);
    for (const std::string& column : columns) {
      const std::optional<double> value = value_of(metrics.values, column);
      text += value ? fmt::format(",{}", *value) : ",";
    }
    text += "\n";
  }
  return text;
}

void write_metrics_table(const std::filesystem::path& run) {
  engine::atomic_write_file(run / "metrics.csv", metrics_table(engine::read_file(run / kMetricsFile)));
}

}  // namespace apps
