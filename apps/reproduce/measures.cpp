#include "apps/reproduce/measures.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "apps/lineval/evaluate.h"
#include "apps/run/metrics.h"
#include "engine/io/files.h"
#include "engine/io/json.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

fs::path measured_path(const Cell& cell, const Measure& measure) {
  return cell.directory() / "measures" / measure.name / "lineval.json";
}

/// A number of a JSON file; nothing if the file does not exist, or has null there.
std::optional<double> number_in_file(const fs::path& path, const std::string& key) {
  if (!fs::exists(path)) return std::nullopt;
  const auto json = engine::parse_json<Json>(engine::read_file(path));
  if (!json.is_object() || !json.contains(key))
    throw engine::DataError(engine::concat(path.string(), " has no ", key,
                                           ": it is damaged, or nothing records that; delete it, and the same command "
                                           "makes it again"));
  if (json[key].is_null()) return std::nullopt;
  if (!json[key].is_number()) throw engine::DataError(engine::concat(path.string(), ": ", key, " is not a number"));
  return json[key].get<double>();
}

/// The mean of a number over the last tenth of the training steps that recorded it.
std::optional<double> mean_of_last(const fs::path& metrics, const std::string& key) {
  if (!fs::exists(metrics)) return std::nullopt;
  std::vector<double> values;
  std::istringstream lines(engine::read_file(metrics));
  for (std::string line; std::getline(lines, line);) {
    const auto record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (record.is_object() && record.value("phase", "") == "train" && record.contains(key) && record[key].is_number())
      values.push_back(record[key].get<double>());
  }
  if (values.empty()) return std::nullopt;
  const std::size_t count = (values.size() + 9) / 10;
  double sum = 0;
  for (std::size_t i = values.size() - count; i < values.size(); ++i) sum += values[i];
  return sum / static_cast<double>(count);
}

}  // namespace

bool applies(const Cell& cell, const Measure& measure) {
  return !cell.untrained || measure.kind == MeasureKind::lineval;
}

bool is_measured(const Cell& cell, const Measure& measure) {
  return measure.kind != MeasureKind::lineval || fs::exists(measured_path(cell, measure));
}

void perform(const Cell& cell, const Measure& measure, const Experiment& experiment, const Request& request) {
  EvaluationSettings settings{.run = cell.run.out, .random_init = cell.untrained, .config = cell.config()};
  settings.out = measured_path(cell, measure).parent_path();
  settings.prints = false;
  if (!measure.tap.empty()) settings.tap = measure.tap;
  if (!measure.labels.empty()) settings.label_sets = {measure.labels};
  Layer set = measure.set;
  for (Assignment& assignment : set) assignment.text = filled(assignment.text, experiment, request, cell.place);
  Config& config = settings.config;
  apply_layer(config, set);
  if (!measure.data.empty()) {
    config.data.source = filled(measure.data, experiment, request, cell.place);
    settings.other_data = true;
  }
  config.run.compute.precision = config.lineval.precision;
  config.run.compute.repeatable = true;
  config.run.report = false;
  check(config);
  evaluate(settings);
}

std::optional<double> value_of(const Cell& cell, const Quantity& quantity) {
  switch (quantity.measure->kind) {
    case MeasureKind::result: return number_in_file(cell.directory() / "result.json", quantity.field);
    case MeasureKind::metric: return mean_of_last(cell.directory() / kMetricsFile, quantity.field);
    case MeasureKind::lineval: return number_in_file(measured_path(cell, *quantity.measure), quantity.field);
  }
  return std::nullopt;
}

}  // namespace apps
