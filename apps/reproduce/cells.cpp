#include "apps/reproduce/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apps/run/checkpoint.h"
#include "apps/run/exit_code.h"
#include "apps/run/flags.h"
#include "apps/run/metrics.h"
#include "apps/run/numbered_name.h"
#include "apps/run/recipes.h"
#include "apps/train/run_result.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

Assignment assign(std::string_view key, std::string_view text) {
  return {.field = config_table().find(key), .text = std::string(text), .where = std::string(key)};
}

bool says(const Layer& layer, std::string_view key) {
  return std::any_of(layer.begin(), layer.end(), [&](const Assignment& a) { return a.field->key == key; });
}

void refuse_own_choices(const Experiment& experiment, const Layers& layers) {
  for (const std::string_view key : {experiment.rows.key, experiment.columns.key, std::string_view("train.seed")}) {
    if (says(layers.set, key)) {
      throw UsageError(fmt::format("--set {}: {} sets this key itself for each run; use pretrain to choose it", key,
                                   experiment.name));
    }
  }
}

/// The differing fields that affect the results, as "key: before -> after".
std::vector<std::string> differences(const Config& before, const Config& after) {
  std::vector<std::string> all;
  for (const ConfigField& field : config_table()) {
    const std::string from = field.text(before), to = field.text(after);
    // The data affects the results, although its place may change.
    if ((field.on_resume != OnResume::change || field.key == "data.source") && from != to)
      all.push_back(fmt::format("{}: {} -> {}", field.key, from, to));
  }
  return all;
}

/// The name of a run without its seed.
std::string name_prefix(const Axis::Value& row, const Axis::Value& column) {
  return fmt::format("{}-{}-s", column.name, row.name);
}

/// Without a number of threads, a new run uses all processors, and a started run keeps its number: so remove a given 0.
void leave_threads_open(Layers& layers) {
  if (with_layers(Config{}, layers).run.compute.threads != 0) return;
  for (Layer* layer : {&layers.recipe, &layers.set, &layers.flags})
    std::erase_if(*layer, [](const Assignment& a) { return a.field->key == "run.threads"; });
}

/// Returns 0 if no run in `out` is finished.
std::int64_t largest_finished_seed(const Experiment& experiment, const fs::path& out) {
  std::int64_t largest = 0;
  if (!fs::is_directory(out)) return largest;
  for (const auto& entry : fs::directory_iterator(out)) {
    const std::string name = entry.path().filename();
    if (!is_name_of_cell(experiment, name) || !read_result(entry.path())) continue;
    largest = std::max(largest, whole_number(name.substr(name.rfind("-s") + 2), name, 1, kMostSeeds));
  }
  return largest;
}

/// Returns nothing unless the run ended because of non-finite numbers.
std::optional<std::string> failure_of(const fs::path& run) {
  if (!fs::is_directory(run / "crash")) return std::nullopt;
  for (const auto& entry : fs::directory_iterator(run / "crash")) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("step_") || entry.path().extension() == ".tmp") continue;
    return fmt::format("numbers became infinite or NaN in step {}; its weights are in {}", name.substr(5),
                       entry.path().string());
  }
  return std::nullopt;
}

}  // namespace

std::vector<Cell> cells_of(const Experiment& experiment, const Request& request) {
  refuse_own_choices(experiment, request.layers);
  std::vector<Cell> cells;
  const std::int64_t seeds = std::max(request.seeds, largest_finished_seed(experiment, request.out));
  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
    for (std::size_t row = 0; row < experiment.rows.values.size(); ++row) {
      for (std::size_t column = 0; column < experiment.columns.values.size(); ++column) {
        const auto &in_row = experiment.rows.values[row], &in_column = experiment.columns.values[column];
        const std::string run = name_prefix(in_row, in_column) + std::to_string(seed);
        Cell cell{.row = row,
                  .column = column,
                  .seed = seed,
                  .name = run,
                  .asked = seed <= request.seeds,
                  .run = {.layers = request.layers, .out = (request.out / run).string(), .resume = "auto"}};
        cell.run.layers.recipe = read_recipe(std::string(experiment.name));
        cell.run.layers.flags.push_back(assign(experiment.rows.key, in_row.text));
        cell.run.layers.flags.push_back(assign(experiment.columns.key, in_column.text));
        cell.run.layers.flags.push_back(assign("train.seed", std::to_string(seed)));
        leave_threads_open(cell.run.layers);
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

bool is_name_of_cell(const Experiment& experiment, std::string_view name) {
  for (const Axis::Value& row : experiment.rows.values) {
    for (const Axis::Value& column : experiment.columns.values) {
      const auto seed = number_in(name, name_prefix(row, column));
      if (seed && *seed >= 1 && *seed <= kMostSeeds) return true;
    }
  }
  return false;
}

std::vector<std::string> changes_to_recipe(const Experiment& experiment, const Cell& cell) {
  const Config config = with_layers(Config{}, cell.run.layers);
  Config recipe = with_layers(Config{}, {.recipe = cell.run.layers.recipe, .set = {}, .flags = {}});
  if (config.data.source.starts_with(experiment.source)) recipe.data.source = config.data.source;
  recipe.run.compute.threads = config.run.compute.threads;
  recipe.run.plans = config.run.plans;
  recipe.train.seed = cell.seed;
  for (const auto& [axis, index] : {std::pair(&experiment.rows, cell.row), std::pair(&experiment.columns, cell.column)})
    config_table().find(axis->key)->set(recipe, axis->values[index].text, axis->key);
  // Steps and epochs replace each other: report only the one that is set.
  if (config.train.epochs == 0) recipe.train.epochs = 0;
  if (config.train.steps == 0) recipe.train.steps = 0;
  return differences(recipe, config);
}

void check_same_run(const Cell& cell, const DataFingerprint& data) {
  const fs::path path = fs::path(cell.run.out) / "config.toml";
  if (!fs::exists(path)) return;
  const Config before = read_config(path);
  Config after = with_layers(Config{}, cell.run.layers);
  if (after.run.compute.threads == 0) after.run.compute.threads = before.run.compute.threads;
  const std::string source = std::exchange(after.data.source, before.data.source);  // compared by contents
  const auto all = differences(before, after);
  if (all.empty()) return check_same_data(cell.run.out, data, source);
  throw UsageError(
      fmt::format("{} holds a run with other settings ({}); choose another --out, or repeat the command "
                  "that began it",
                  cell.run.out, fmt::join(all, ", ")));
}

Standing standing_of(const Cell& cell, std::int64_t steps) {
  const fs::path run = cell.run.out;
  const fs::path metrics = run / "metrics.jsonl";
  Standing standing{
      .step = 0, .accuracy = {}, .seconds = fs::exists(metrics) ? seconds_of_steps(engine::read_file(metrics)) : 0};
  if (const auto result = read_result(run); result && result->step == steps) {
    standing.step = steps;
    standing.accuracy = result->probe_test_accuracy;
  } else if (fs::exists(run / "config.toml")) {
    standing.failure = failure_of(run);
    try {
      if (const auto checkpoint = Checkpoints(run, 1).newest()) standing.step = checkpoint->state.step;
    } catch (const engine::DataError& error) {
      throw engine::DataError(engine::concat(run.string(), ": ", error.what()));
    }
  }
  return standing;
}

}  // namespace apps
