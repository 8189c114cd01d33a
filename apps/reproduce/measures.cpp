#include "apps/reproduce/measures.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "apps/kmeans/cluster_images.h"
#include "apps/lineval/evaluate.h"
#include "apps/run/json_text.h"
#include "apps/run/metrics.h"
#include "engine/io/files.h"
#include "engine/io/json.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

fs::path measures_of(const Cell& cell) { return cell.directory() / "measures"; }
fs::path numbers_path(const Cell& cell, const Measure& measure) { return measures_of(cell) / (measure.name + ".json"); }

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
  for (const StepMetrics& record : read_metrics(engine::read_file(metrics))) {
    const auto value = value_of(record.values, key);
    if (record.phase == "train" && value && std::isfinite(*value)) values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  const std::size_t count = (values.size() + 9) / 10;
  double sum = 0;
  for (std::size_t i = values.size() - count; i < values.size(); ++i) sum += values[i];
  return sum / static_cast<double>(count);
}

/// The cell's configuration for an evaluation.
Config config_for(const Experiment& experiment, const Request& request, const Cell& cell, const Measure& measure) {
  Config config = cell.config();
  Layer set = measure.set;
  for (Assignment& assignment : set) assignment.text = filled(assignment.text, experiment, request, cell.place);
  apply_layer(config, set);
  if (!measure.data.empty()) config.data.source = filled(measure.data, experiment, request, cell.place);
  config.run.report = false;
  check(config);
  return config;
}

/// The label set as `lineval` names it.
std::string label_set_of(const Measure& measure) { return measure.labels.empty() ? data::kClassLabel : measure.labels; }

/// Whether both evaluate the same features of the same images by the same protocol.
bool reads_the_same(const Measure& one, const Measure& other) {
  const auto same = [](const Assignment& a, const Assignment& b) { return a.field == b.field && a.text == b.text; };
  return one.kind == other.kind && one.tap == other.tap && one.data == other.data &&
         one.standardized == other.standardized &&
         std::equal(one.set.begin(), one.set.end(), other.set.begin(), other.set.end(), same);
}

void store_numbers(const Cell& cell, const Measure& measure, const Json& numbers) {
  engine::create_directories(measures_of(cell));
  engine::atomic_write_file(numbers_path(cell, measure), json_text(nlohmann::ordered_json(numbers), 2) + "\n");
}

void evaluate_linearly(const Experiment& experiment, const Request& request, const Cell& cell, const Measure& measure) {
  EvaluationSettings settings{.run = cell.run.out,
                              .out = measures_of(cell) / measure.name,
                              .random_init = cell.untrained,
                              .label_sets = {},
                              .other_data = !measure.data.empty(),
                              .prints = false,
                              .config = config_for(experiment, request, cell, measure)};
  if (!measure.tap.empty()) settings.tap = measure.tap;
  Config& config = settings.config;
  config.lineval.standardize = config.lineval.standardize || measure.standardized;
  config.run.compute.precision = config.lineval.precision;
  config.run.compute.repeatable = true;
  std::vector<const Measure*> all;
  for (const Measure& other : experiment.measures) {
    if (!applies(cell, other) || is_measured(cell, other) || !reads_the_same(measure, other)) continue;
    all.push_back(&other);
    settings.label_sets.push_back(label_set_of(other));
  }
  const std::vector<Accuracies> accuracies = evaluate(settings);
  for (std::size_t i = 0; i < all.size(); ++i) {
    Json numbers{{"top1", accuracies[i].top1}, {"knn", accuracies[i].knn}};
    if (all[i]->standardized) numbers["top1_standardized"] = accuracies[i].top1_standardized.value();
    store_numbers(cell, *all[i], numbers);
  }
}

void cluster(const Experiment& experiment, const Request& request, const Cell& cell, const Measure& measure) {
  KMeansSettings settings;
  settings.config = config_for(experiment, request, cell, measure);
  settings.out = measures_of(cell) / measure.name;
  settings.clusters.values = measure.clusters;
  settings.images = measure.images;
  if (measure.raw.empty()) {
    settings.run = cell.run.out;
  } else {
    settings.raw = measure.raw == "patches" ? RawFeatures::patches : RawFeatures::mean_rgb;
  }
  if (!measure.tap.empty()) settings.taps = {measure.tap};
  Json numbers = Json::object();
  for (const KMeansFigures& figures : cluster_images(settings).figures)
    numbers[engine::concat("explained_k", figures.clusters)] = figures.explained;
  store_numbers(cell, measure, numbers);
}

}  // namespace

bool applies(const Cell& cell, const Measure& measure) {
  if (!is_at(cell.values, measure.where)) return false;
  return !cell.untrained || measure.kind == MeasureKind::lineval || !measure.raw.empty();
}

bool is_measured(const Cell& cell, const Measure& measure) {
  return !measure.is_evaluation() || fs::exists(numbers_path(cell, measure));
}

void perform(const Experiment& experiment, const Request& request, const Cell& cell, const Measure& measure) {
  if (measure.kind == MeasureKind::lineval) evaluate_linearly(experiment, request, cell, measure);
  if (measure.kind == MeasureKind::kmeans) cluster(experiment, request, cell, measure);
}

std::optional<double> value_of(const Cell& cell, const Quantity& quantity) {
  switch (quantity.measure->kind) {
    case MeasureKind::result: return number_in_file(cell.directory() / "result.json", quantity.field);
    case MeasureKind::metric: return mean_of_last(cell.directory() / kMetricsFile, quantity.field);
    case MeasureKind::lineval:
    case MeasureKind::kmeans: return number_in_file(numbers_path(cell, *quantity.measure), quantity.field);
  }
  return std::nullopt;
}

}  // namespace apps
