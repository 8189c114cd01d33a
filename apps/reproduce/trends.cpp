#include "apps/reproduce/trends.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace apps {
namespace {

/// What the places of one change have in common, for its order and its name.
using Rest = std::vector<std::size_t>;

/// The values of a change by the index along the axis, each with one value for each index over the other.
using Curves = std::map<std::size_t, std::vector<std::optional<double>>>;

std::size_t index_of(const Experiment& experiment, std::string_view axis) {
  const Axis* found = experiment.find_axis(axis);
  return found == nullptr ? experiment.axes.size() : static_cast<std::size_t>(found - experiment.axes.data());
}

/// A single value, or the spread of several; nothing if one is missing.
std::optional<double> combined(const std::vector<std::optional<double>>& values, bool spread) {
  if (std::any_of(values.begin(), values.end(), [](const auto& value) { return !value; })) return std::nullopt;
  if (!spread) return values.front();
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return **high - **low;
}

std::string name_of(const Rest& rest, const Experiment& experiment, const Budget& budget, std::size_t along,
                    std::size_t over) {
  std::string name;
  for (std::size_t axis = 0, i = 0; axis < experiment.axes.size(); ++axis) {
    if (axis == along || axis == over) continue;
    name += fmt::format("{}{} {}", name.empty() ? "" : ", ", experiment.axes[axis].name,
                        experiment.values(experiment.axes[axis], budget)[rest[i++]].text);
  }
  return name;
}

}  // namespace

std::vector<Change> changes_along(const Trend& trend, const Experiment& experiment, const Budget& budget,
                                  const Values& values) {
  const std::size_t along = index_of(experiment, trend.along), over = index_of(experiment, trend.over);
  std::map<Rest, Curves> all;
  for (const Place& place : places(experiment, budget)) {
    if (!is_at(texts_at(experiment, budget, place), trend.where)) continue;
    Rest rest;
    for (std::size_t axis = 0; axis < place.size(); ++axis) {
      if (axis != along && axis != over) rest.push_back(place[axis]);
    }
    all[rest][place[along]].push_back(values(place));
  }
  const std::vector<AxisValue>& steps = experiment.values(experiment.axes[along], budget);
  const std::string from = trend.from.empty() ? steps.front().text : trend.from;
  const std::string to = trend.to.empty() ? steps.back().text : trend.to;
  std::vector<Change> changes;
  for (const auto& [rest, curves] : all) {
    Change change{.at = name_of(rest, experiment, budget, along, over)};
    std::optional<double> low, high;
    bool whole = true;
    for (const auto& [index, points] : curves) {
      const auto value = combined(points, !trend.over.empty());
      if (steps[index].text == from) change.first = value;
      if (steps[index].text == to) change.last = value;
      whole = whole && value;
      if (!value) continue;
      low = std::min(low.value_or(*value), *value);
      high = std::max(high.value_or(*value), *value);
    }
    if (whole && low) change.largest = *high - *low;
    changes.push_back(std::move(change));
  }
  return changes;
}

std::optional<bool> is_seen(const Trend& trend, const Change& change) {
  if (trend.expected == Trend::Expected::flat) {
    if (!change.largest) return std::nullopt;
    return *change.largest <= trend.by;
  }
  if (!change.first || !change.last) return std::nullopt;
  const double rise = *change.last - *change.first;
  return trend.expected == Trend::Expected::rises ? rise >= trend.by && rise > 0 : -rise >= trend.by && rise < 0;
}

}  // namespace apps
