#include "apps/reproduce/experiment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "apps/run/exit_code.h"

namespace apps {
namespace {

template <class Named>
const Named* find(const std::vector<Named>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

bool names(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

/// The position of a place among all combinations of the experiment's own values; nothing if one of its values is a
/// budget's alone.
std::optional<std::size_t> position(const Experiment& experiment, const Budget& budget, const Place& place) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < experiment.axes.size(); ++i) {
    const Axis& axis = experiment.axes[i];
    const std::string& text = experiment.values(axis, budget)[place[i]].text;
    const auto same = [&](const AxisValue& value) { return value.text == text; };
    const auto found = std::find_if(axis.values.begin(), axis.values.end(), same);
    if (found == axis.values.end()) return std::nullopt;
    at = at * axis.values.size() + static_cast<std::size_t>(found - axis.values.begin());
  }
  return at;
}

}  // namespace

const Axis* Experiment::find_axis(std::string_view axis) const { return find(axes, axis); }
const Measure* Experiment::find_measure(std::string_view measure) const { return find(measures, measure); }

const Budget& Experiment::budget(std::string_view budget) const {
  if (const Budget* found = find(budgets, budget)) return *found;
  std::vector<std::string> all;
  for (const Budget& each : budgets) all.push_back(each.name);
  throw UsageError(fmt::format("{} has no budget '{}'; it has {}", name, budget, fmt::join(all, ", ")));
}

const std::vector<AxisValue>& Experiment::values(const Axis& axis, const Budget& budget) const {
  const auto own = budget.values.find(axis.name);
  return own == budget.values.end() ? axis.values : own->second;
}

std::vector<NamedSource> Experiment::sources_of(const Budget& budget) const {
  std::vector<NamedSource> read = sources;
  std::erase_if(read,
                [&](const NamedSource& source) { return !source.budget.empty() && source.budget != budget.name; });
  return read;
}

std::vector<Quantity> Experiment::quantities() const {
  std::vector<Quantity> all;
  for (const Measure& measure : measures) {
    const auto add = [&](const std::string& suffix, const std::string& what, const std::string& field) {
      all.push_back(
          {.name = measure.name + suffix, .label = measure.label + what, .measure = &measure, .field = field});
    };
    switch (measure.kind) {
      case MeasureKind::result:
      case MeasureKind::metric: add("", "", measure.key); break;
      case MeasureKind::lineval:
        add("", "", "top1");
        if (measure.standardized) add("_standardized", ", standardised", "top1_standardized");
        add("_knn", ", kNN", "knn");
        break;
      case MeasureKind::kmeans:
        for (const int clusters : measure.clusters)
          add(fmt::format("_k{}", clusters), fmt::format(", k = {}", clusters), fmt::format("explained_k{}", clusters));
        break;
    }
  }
  return all;
}

std::vector<Place> places(const Experiment& experiment, const Budget& budget) {
  std::vector<Place> all = {{}};
  for (const Axis& axis : experiment.axes) {
    std::vector<Place> longer;
    for (const Place& place : all) {
      for (std::size_t i = 0; i < experiment.values(axis, budget).size(); ++i) {
        longer.push_back(place);
        longer.back().push_back(i);
      }
    }
    all = std::move(longer);
  }
  std::erase_if(all, [&](const Place& place) {
    const auto texts = texts_at(experiment, budget, place);
    return std::any_of(experiment.excluded.begin(), experiment.excluded.end(),
                       [&](const Where& where) { return is_at(texts, where); });
  });
  return all;
}

std::map<std::string, std::string> texts_at(const Experiment& experiment, const Budget& budget, const Place& place) {
  std::map<std::string, std::string> texts;
  for (std::size_t i = 0; i < place.size(); ++i)
    texts[experiment.axes[i].name] = experiment.values(experiment.axes[i], budget)[place[i]].text;
  return texts;
}

bool is_at(const std::map<std::string, std::string>& values, const Where& where) {
  return std::all_of(where.begin(), where.end(), [&](const auto& named) {
    const auto& [axis, texts] = named;
    return names(texts, values.at(axis));
  });
}

std::string name_at(const Experiment& experiment, const Budget& budget, const Place& place) {
  std::string name;
  for (std::size_t i = 0; i < place.size(); ++i)
    name += (i == 0 ? "" : "-") + experiment.values(experiment.axes[i], budget)[place[i]].name;
  return name;
}

std::optional<double> published_at(const Experiment& experiment, const Budget& budget, const Place& place,
                                   const std::string& quantity) {
  const auto values = experiment.published.values.find(quantity);
  const auto at = position(experiment, budget, place);
  if (values == experiment.published.values.end() || !at || std::isnan(values->second[*at])) return std::nullopt;
  return values->second[*at];
}

}  // namespace apps
