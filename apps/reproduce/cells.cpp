#include "apps/reproduce/cells.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "apps/run/exit_code.h"
#include "apps/run/flags.h"
#include "apps/run/numbered_name.h"
#include "apps/run/recipes.h"
#include "apps/train/begun_run.h"
#include "engine/io/files.h"
#include "kernels/runtime/nearest.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

bool is_length(const Assignment& assignment) {
  return assignment.field->key == "train.steps" || assignment.field->key == "train.epochs";
}

/// Adds settings that win over those before. Steps and epochs replace each other.
void add(Layer& layer, const Layer& more) {
  if (std::any_of(more.begin(), more.end(), is_length)) std::erase_if(layer, is_length);
  layer.insert(layer.end(), more.begin(), more.end());
}

/// Throws if the user's --set has a key by which cells differ.
void refuse_own_choices(const Experiment& experiment, const Budget& budget, const Layers& layers) {
  std::vector<std::string_view> own = {"train.seed"};
  for (const Axis& axis : experiment.axes) {
    for (const AxisValue& value : experiment.values(axis, budget)) {
      for (const Assignment& assignment : value.set) own.push_back(assignment.field->key);
    }
  }
  for (const Assignment& assignment : layers.set) {
    const std::string_view key = assignment.field->key;
    if (key == "data.source") throw UsageError("--set data.source: give the data with --data");
    if (std::find(own.begin(), own.end(), key) == own.end()) continue;
    throw UsageError(
        fmt::format("--set {}: {} sets this key itself for each run; use pretrain to choose it", key, experiment.name));
  }
}

const AxisValue& value_at(const Experiment& experiment, const Budget& budget, const Place& place, std::size_t axis) {
  return experiment.values(experiment.axes[axis], budget)[place[axis]];
}

/// The settings of a place. `user`: whether --set and flags count, too.
Layers layers_at(const Experiment& experiment, const Request& request, const Place& place, std::int64_t seed,
                 bool user) {
  const Budget& budget = experiment.budget(request.budget);
  std::string recipe = experiment.recipe;
  Layers layers;
  add(layers.set, experiment.set);
  for (std::size_t axis = 0; axis < place.size(); ++axis) {
    const AxisValue& value = value_at(experiment, budget, place, axis);
    if (!value.recipe.empty()) recipe = value.recipe;
    add(layers.set, value.set);
  }
  add(layers.set, budget.set);
  for (Assignment& assignment : layers.set) assignment.text = filled(assignment.text, experiment, request, place);
  if (user) {
    add(layers.set, request.layers.set);
    layers.flags = request.layers.flags;
  }
  layers.recipe = read_recipe(recipe);
  const ConfigField* field = config_table().find("train.seed");
  layers.flags.push_back({.field = field, .text = std::to_string(seed), .where = std::string(field->key)});
  return layers;
}

/// The largest seed of a place that has a directory; 0 if there is none.
std::int64_t largest_seed(const std::vector<std::string>& directories, const std::string& prefix) {
  std::int64_t largest = 0;
  for (const std::string& name : directories) {
    const auto seed = number_in(name, prefix);
    if (seed && *seed >= 1 && *seed <= kMostSeeds) largest = std::max(largest, *seed);
  }
  return largest;
}

std::vector<std::string> directories_in(const fs::path& out) {
  std::vector<std::string> names;
  if (!fs::is_directory(out)) return names;
  for (const auto& entry : fs::directory_iterator(out)) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  return names;
}

/// Without blanks at its ends.
std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == text.npos ? "" : text.substr(first, last - first + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

std::string_view nearest_of(const std::string& text, const std::vector<std::string>& all) {
  const std::vector<std::string_view> views(all.begin(), all.end());
  return engine::nearest(text, views);
}

}  // namespace

std::string filled(const std::string& text, const Experiment& experiment, const Request& request, const Place& place) {
  const Budget& budget = experiment.budget(request.budget);
  std::string result = text;
  const auto replace = [&](const std::string& name, const std::string& by) {
    const std::string placeholder = "{" + name + "}";
    for (std::size_t at = result.find(placeholder); at != result.npos; at = result.find(placeholder, at + by.size()))
      result.replace(at, placeholder.size(), by);
  };
  for (std::size_t axis = 0; axis < place.size(); ++axis)
    replace(experiment.axes[axis].name, value_at(experiment, budget, place, axis).text);
  for (const NamedSource& source : experiment.sources) {  // last: a path may have braces
    const auto given = request.sources.find(source.name);
    replace(source.name, given == request.sources.end() ? source.usual : given->second);
  }
  return result;
}

std::vector<Cell> cells_of(const Experiment& experiment, const Request& request) {
  const Budget& budget = experiment.budget(request.budget);
  refuse_own_choices(experiment, budget, request.layers);
  const std::int64_t seeds = request.seeds.value_or(budget.seeds);
  const std::vector<std::string> directories = directories_in(request.out);
  const std::vector<Place> all = places(experiment, budget);
  std::vector<Cell> cells;
  for (std::int64_t seed = 1; seed <= kMostSeeds; ++seed) {
    for (const Place& place : all) {
      const std::string prefix = name_at(experiment, budget, place) + "-s";
      const bool asked = seed <= seeds && is_at(texts_at(experiment, budget, place), request.cells);
      if (!asked && seed > largest_seed(directories, prefix)) continue;
      Cell cell{.place = place, .seed = seed, .name = prefix + std::to_string(seed), .asked = asked, .run = {}};
      if (!asked && !std::count(directories.begin(), directories.end(), cell.name)) continue;
      for (std::size_t axis = 0; axis < place.size(); ++axis)
        cell.untrained = cell.untrained || value_at(experiment, budget, place, axis).untrained;
      cell.values = texts_at(experiment, budget, place);
      cell.run = {.layers = layers_at(experiment, request, place, seed, true),
                  .out = (request.out / cell.name).string(),
                  .resume = "auto"};
      leave_threads_open(cell.run.layers);
      cells.push_back(std::move(cell));
    }
  }
  if (std::none_of(cells.begin(), cells.end(), [](const Cell& cell) { return cell.asked; }))
    throw UsageError(fmt::format("--cells: {} has no such cell", experiment.name));
  return cells;
}

std::vector<std::string> changes(const Experiment& experiment, const Request& request, const Cell& cell) {
  const Config config = cell.config();
  Config planned = with_layers(Config{}, layers_at(experiment, request, cell.place, cell.seed, false));
  planned.run.compute.threads = config.run.compute.threads;
  planned.run.plans = config.run.plans;
  // Steps and epochs replace each other: report only the one that is set.
  if (config.train.epochs == 0) planned.train.epochs = 0;
  if (config.train.steps == 0) planned.train.steps = 0;
  std::vector<std::string> all = differing_settings(planned, config);
  for (const NamedSource& source : experiment.sources) {
    const auto given = request.sources.find(source.name);
    if (given == request.sources.end()) continue;
    const std::string kind = given->second.substr(0, given->second.find_first_of(":("));
    if (source.kinds.empty() || std::count(source.kinds.begin(), source.kinds.end(), kind)) continue;
    all.push_back(fmt::format("{}: {} in place of {}", source.name, given->second, fmt::join(source.kinds, " or ")));
  }
  return all;
}

void read_cells(const std::string& text, const Experiment& experiment, const Budget& budget, Where& cells) {
  std::vector<std::string> axes;
  for (const Axis& axis : experiment.axes) axes.push_back(axis.name);
  for (const std::string& condition : split(text, ',')) {
    const auto equals = condition.find('=');
    if (equals == condition.npos)
      throw UsageError(fmt::format("--cells must be AXIS=VALUE, ..., as in {}={}, got '{}'", axes.front(),
                                   experiment.axes.front().values.front().text, text));
    const std::string name = trimmed(condition.substr(0, equals));
    const Axis* axis = experiment.find_axis(name);
    if (axis == nullptr)
      throw UsageError(fmt::format("--cells: {} has no axis '{}'; the nearest is {}", experiment.name, name,
                                   nearest_of(name, axes)));
    std::vector<std::string> known;
    for (const AxisValue& value : experiment.values(*axis, budget)) known.push_back(value.text);
    for (const std::string& value : split(condition.substr(equals + 1), '|')) {
      if (!std::count(known.begin(), known.end(), value))
        throw UsageError(fmt::format("--cells: {} has no value '{}' with the budget {}; it has {}", name, value,
                                     budget.name, fmt::join(known, ", ")));
      cells[name].push_back(value);
    }
  }
}

void read_source(const std::string& text, const Experiment& experiment, const Budget& budget,
                 std::map<std::string, std::string>& sources) {
  std::vector<std::string> names;
  for (const NamedSource& source : experiment.sources_of(budget)) names.push_back(source.name);
  const auto equals = text.find('=');
  if (equals != text.npos && std::count(names.begin(), names.end(), text.substr(0, equals))) {
    sources[text.substr(0, equals)] = text.substr(equals + 1);
    return;
  }
  if (names.size() == 1) {
    sources[names.front()] = text;
    return;
  }
  throw UsageError(names.empty() ? fmt::format("--data: {} draws its own data", experiment.name)
                                 : fmt::format("--data: {} needs several sources; say which this is: --data {}={}",
                                               experiment.name, fmt::join(names, "=SOURCE --data "), text));
}

}  // namespace apps
