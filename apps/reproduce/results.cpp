#include "apps/reproduce/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/reproduce/measures.h"
#include "apps/reproduce/standing.h"
#include "apps/reproduce/trends.h"

namespace apps {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

/// One run of one place.
struct Run {
  const Cell* cell;
  std::int64_t steps;
  Standing standing;
};

/// The table's runs by place, and what they measured.
class Finished {
 public:
  explicit Finished(const ExperimentRuns& table) {
    for (std::size_t i = 0; i < table.cells.size(); ++i) {
      const Cell& cell = table.cells[i];
      runs_[cell.place].push_back({&cell, table.steps[i], standing_of(table.experiment, cell, table.steps[i])});
    }
  }

  const std::vector<Run>& at(const Place& place) const {
    static const std::vector<Run> none;
    const auto found = runs_.find(place);
    return found == runs_.end() ? none : found->second;
  }

  /// Counts the runs that were asked for, or are finished nevertheless.
  template <class Condition>
  std::int64_t count(const Condition& condition) const {
    std::int64_t all = 0;
    for (const auto& [place, runs] : runs_) all += std::count_if(runs.begin(), runs.end(), condition);
    return all;
  }

  static std::optional<double> value(const Run& run, const Quantity& quantity) {
    if (!run.standing.trained || !applies(*run.cell, *quantity.measure)) return std::nullopt;
    return value_of(*run.cell, quantity);
  }

  std::optional<double> mean(const Place& place, const Quantity& quantity) const {
    double sum = 0;
    int count = 0;
    for (const Run& run : at(place)) {
      if (const auto value = Finished::value(run, quantity)) {
        sum += *value;
        ++count;
      }
    }
    return count == 0 ? std::nullopt : std::optional(sum / count);
  }

 private:
  std::map<Place, std::vector<Run>> runs_;
};

Json run_json(const Run& run) {
  return {{"seed", run.cell->seed},
          {"run", run.cell->name},
          {"step", run.standing.step},
          {"steps", run.steps},
          {"finished", run.standing.finished},
          {"seconds", run.standing.seconds},
          {"failure", run.standing.failure ? Json(*run.standing.failure) : Json()}};
}

Json values_json(const ExperimentRuns& table, const Finished& finished, const Place& place, bool compares) {
  const Budget& budget = table.experiment.budget(table.request.budget);
  Json values = Json::object();
  for (const Quantity& quantity : table.experiment.quantities()) {
    const auto mean = finished.mean(place, quantity);
    Json value{{"mean", or_null(mean)}, {"runs", Json::array()}};
    if (compares) {
      const auto published = published_at(table.experiment, budget, place, quantity.name);
      value["published"] = or_null(published);
      value["difference"] = mean && published ? Json(*mean - *published) : Json();
    }
    for (const Run& run : finished.at(place)) value["runs"].push_back(or_null(Finished::value(run, quantity)));
    values[quantity.name] = value;
  }
  return values;
}

Json change_json(const Trend& trend, const Change& change) {
  const auto seen = is_seen(trend, change);
  return {{"at", change.at},
          {"first", or_null(change.first)},
          {"last", or_null(change.last)},
          {"largest", or_null(change.largest)},
          {"seen", seen ? Json(*seen) : Json()}};
}

Json trend_json(const ExperimentRuns& table, const Finished& finished, const Trend& trend) {
  constexpr const char* kExpected[] = {"falls", "rises", "is flat"};
  const Experiment& experiment = table.experiment;
  const Budget &budget = experiment.budget(table.request.budget), &paper = experiment.budgets.front();
  const std::vector<Quantity> quantities = experiment.quantities();
  const auto quantity = std::find_if(quantities.begin(), quantities.end(),
                                     [&](const Quantity& each) { return each.name == trend.quantity; });
  Json json{{"says", trend.says},
            {"measure", quantity->label},
            {"along", trend.along},
            {"over", trend.over},
            {"expected", kExpected[static_cast<int>(trend.expected)]},
            {"by", trend.by},
            {"paper", Json::array()},
            {"ours", Json::array()}};
  const auto published = [&](const Place& place) { return published_at(experiment, paper, place, trend.quantity); };
  const auto ours = [&](const Place& place) { return finished.mean(place, *quantity); };
  for (const Change& change : changes_along(trend, experiment, paper, published))
    json["paper"].push_back(change_json(trend, change));
  for (const Change& change : changes_along(trend, experiment, budget, ours))
    json["ours"].push_back(change_json(trend, change));
  return json;
}

Json axes_json(const Experiment& experiment, const Budget& budget) {
  Json axes = Json::array();
  for (const Axis& axis : experiment.axes) {
    Json values = Json::array();
    for (const AxisValue& value : experiment.values(axis, budget)) values.push_back(value.text);
    axes.push_back({{"name", axis.name}, {"key", axis.key}, {"values", values}});
  }
  return axes;
}

Json published_json(const Experiment& experiment) {
  Json values = Json::array();
  for (const Place& place : places(experiment, experiment.budgets.front())) {
    Json entry;
    for (std::size_t axis = 0; axis < place.size(); ++axis)
      entry[experiment.axes[axis].name] = experiment.axes[axis].values[place[axis]].text;
    for (const auto& [quantity, figures] : experiment.published.values)
      entry["values"][quantity] = or_null(published_at(experiment, experiment.budgets.front(), place, quantity));
    if (entry.contains("values")) values.push_back(entry);
  }
  return {{"source", experiment.published.source}, {"values", values}};
}

}  // namespace

Json results_json(const ExperimentRuns& table, const std::string& environment) {
  const Experiment& experiment = table.experiment;
  const Budget& budget = experiment.budget(table.request.budget);
  const Finished finished(table);
  const bool compares = budget.name == experiment.budgets.front().name;
  Json json{{"experiment", experiment.name},
            {"budget", budget.name},
            {"title", experiment.title},
            {"figure", experiment.figure},
            {"shows", experiment.shows},
            {"protocol", experiment.protocol},
            {"note", budget.note},
            {"compares", compares},
            {"changes", changes(experiment, table.request, table.cells.front())},
            {"axes", axes_json(experiment, budget)},
            {"quantities", Json::array()},
            {"plot", {{"x", experiment.plot.x}, {"lines", experiment.plot.lines}, {"log_x", experiment.plot.log_x}}},
            {"published", published_json(experiment)},
            {"results", Json::array()},
            {"trends", Json::array()}};
  for (const Quantity& quantity : experiment.quantities())
    json["quantities"].push_back({{"name", quantity.name}, {"label", quantity.label}});
  for (const Place& place : places(experiment, budget)) {
    Json entry;
    for (std::size_t axis = 0; axis < place.size(); ++axis)
      entry[experiment.axes[axis].name] = experiment.values(experiment.axes[axis], budget)[place[axis]].text;
    entry["runs"] = Json::array();
    for (const Run& run : finished.at(place)) entry["runs"].push_back(run_json(run));
    entry["values"] = values_json(table, finished, place, compares);
    json["results"].push_back(entry);
  }
  for (const Trend& trend : experiment.trends) json["trends"].push_back(trend_json(table, finished, trend));
  const auto counts = [](const Run& run) { return run.cell->asked || run.standing.finished; };
  json["runs"] = finished.count(counts);
  json["runs_finished"] = finished.count([](const Run& run) { return run.standing.finished; });
  json["runs_failed"] = finished.count([](const Run& run) { return run.cell->asked && run.standing.failure; });
  json["environment"] = Json::parse(environment);
  return json;
}

std::string results_csv(const Json& results) {
  const auto quoted = [](const std::string& text) {
    if (text.find_first_of(",\"\n") == text.npos) return text;
    std::string doubled;
    for (const char c : text) doubled.append(c == '"' ? 2 : 1, c);
    return '"' + doubled + '"';
  };
  std::string text = "experiment,budget";
  for (const Json& axis : results["axes"]) text.append(",").append(quoted(axis["name"]));
  text += ",seed,run,measure,value,published\n";
  for (const Json& entry : results["results"]) {
    std::string place;
    for (const Json& axis : results["axes"]) place.append(",").append(quoted(entry[axis["name"].get<std::string>()]));
    for (const auto& [name, value] : entry["values"].items()) {
      for (std::size_t i = 0; i < value["runs"].size(); ++i) {
        if (value["runs"][i].is_null()) continue;
        const Json published = value.value("published", Json());
        text += fmt::format("{},{}{},{},{},{},{},{}\n", results["experiment"].get<std::string>(),
                            results["budget"].get<std::string>(), place, entry["runs"][i]["seed"].dump(),
                            entry["runs"][i]["run"].get<std::string>(), name, value["runs"][i].dump(),
                            published.is_null() ? "" : published.dump());
      }
    }
  }
  return text;
}

}  // namespace apps
