#include "apps/reproduce/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace apps {
namespace {

using Json = nlohmann::ordered_json;

Json axis_json(const Axis& axis) {
  Json values = Json::array();
  for (const Axis::Value& value : axis.values) values.push_back(Json::parse(value.text));
  return {{"key", axis.key}, {"label", axis.label}, {"values", values}};
}

Json run_json(const Cell& cell, const Standing& standing, std::int64_t steps) {
  Json run{{"seed", cell.seed}, {"run", cell.name}, {"step", standing.step}, {"steps", steps}};
  run["accuracy"] = standing.accuracy ? Json(*standing.accuracy) : Json();
  run["seconds"] = standing.seconds;
  run["failure"] = standing.failure ? Json(*standing.failure) : Json();
  return run;
}

std::string figure_text(const Json& value, const char* format = "{:.4f}") {
  return value.is_null() ? "" : fmt::format(fmt::runtime(format), value.get<double>());
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

}  // namespace

Json results_json(const Experiment& experiment, std::span<const Cell> cells, std::int64_t steps,
                  const std::string& environment) {
  Json json{{"experiment", experiment.name},
            {"title", experiment.title},
            {"figure", experiment.figure},
            {"published", experiment.published},
            {"protocol", nullptr},
            {"changes_to_recipe", Json::array()},
            {"rows", axis_json(experiment.rows)},
            {"columns", axis_json(experiment.columns)}};
  const std::int64_t batch = with_layers(Config{}, cells.front().run.layers).train.batch_size;
  json["protocol"] = fmt::format("{} steps of {} images {}", steps, batch, experiment.protocol);
  json["changes_to_recipe"] = changes_to_recipe(experiment, cells.front());
  std::int64_t runs = 0, finished = 0, failed = 0;
  json["results"] = Json::array();
  for (std::size_t row = 0; row < experiment.rows.values.size(); ++row) {
    for (std::size_t column = 0; column < experiment.columns.values.size(); ++column) {
      const double published = experiment.figure_at(row, column);
      Json entry{{std::string(experiment.rows.label), json["rows"]["values"][row]},
                 {std::string(experiment.columns.label), json["columns"]["values"][column]},
                 {"published", published},
                 {"mean", nullptr},
                 {"difference", nullptr},
                 {"runs", Json::array()}};
      double sum = 0;
      std::int64_t count = 0;
      for (const Cell& cell : cells) {
        if (cell.row != row || cell.column != column) continue;
        const Standing standing = standing_of(cell, steps);
        entry["runs"].push_back(run_json(cell, standing, steps));
        sum += standing.accuracy.value_or(0);
        count += standing.accuracy ? 1 : 0;
        runs += cell.asked || standing.accuracy ? 1 : 0;
        failed += cell.asked && standing.failure ? 1 : 0;
      }
      if (count > 0) {
        entry["mean"] = sum / static_cast<double>(count);
        entry["difference"] = sum / static_cast<double>(count) - published;
      }
      finished += count;
      json["results"].push_back(entry);
    }
  }
  json["runs"] = runs;
  json["runs_finished"] = finished;
  json["runs_failed"] = failed;
  json["environment"] = Json::parse(environment);
  return json;
}

std::string report_markdown(const Json& results) {
  const std::string row = results["rows"]["label"], column = results["columns"]["label"];
  std::string text = fmt::format("# {}\n\n{}: {}.\n\n", text_of(results["experiment"]), text_of(results["title"]),
                                 text_of(results["figure"]));
  if (results["runs_finished"] != results["runs"])
    text += fmt::format("**Not complete: {} of {} runs are finished.**\n\n", results["runs_finished"].dump(),
                        results["runs"].dump());
  if (results["runs_failed"] != 0) {
    text += "**Failed. These runs would fail again, so they are repeated only if their directories are deleted:**\n\n";
    for (const Json& entry : results["results"]) {
      for (const Json& run : entry["runs"]) {
        if (!run["failure"].is_null())
          text += fmt::format("- `{}`: {}\n", text_of(run["run"]), text_of(run["failure"]));
      }
    }
    text += "\n";
  }
  if (!results["changes_to_recipe"].empty()) {
    text += "**Shortened or changed: these figures are not a reproduction.** Unlike the recipe:\n\n";
    for (const Json& change : results["changes_to_recipe"]) text += fmt::format("- `{}`\n", text_of(change));
    text += "\n";
  }
  std::string head = fmt::format("| {} | {} | published |", row, column), rule = "|---:|---:|---:|";
  for (const Json& run : results["results"][0]["runs"]) {
    head += fmt::format(" seed {} |", run["seed"].dump());
    rule += "---:|";
  }
  text += head + " mean | difference |\n" + rule + "---:|---:|\n";
  std::vector<double> seconds_per_run;
  for (const Json& entry : results["results"]) {
    text +=
        fmt::format("| {} | {} | {} |", text_of(entry[row]), text_of(entry[column]), figure_text(entry["published"]));
    for (const Json& run : entry["runs"]) {
      if (!run["accuracy"].is_null()) seconds_per_run.push_back(run["seconds"]);
      const bool begun = run["accuracy"].is_null() && run["step"] > 0;
      text += !run["failure"].is_null() ? std::string(" failed |")
              : begun                   ? fmt::format(" step {} of {} |", run["step"].dump(), run["steps"].dump())
                                        : fmt::format(" {} |", figure_text(run["accuracy"]));
    }
    text += fmt::format(" {} | {} |\n", figure_text(entry["mean"]), figure_text(entry["difference"], "{:+.4f}"));
  }
  if (!seconds_per_run.empty()) {
    text += fmt::format("\nA finished run took {:.0f} to {:.0f} s.\n",
                        *std::min_element(seconds_per_run.begin(), seconds_per_run.end()),
                        *std::max_element(seconds_per_run.begin(), seconds_per_run.end()));
  }
  const Json& environment = results["environment"];
  std::vector<std::string> words;
  for (const Json& word : environment["argv"]) words.push_back(text_of(word));
  text += fmt::format(
      "\nPublished: {}. Ours: one run per seed, mean over the seeds, difference of the mean from the published "
      "figure.\n"
      "Protocol: {}.\n`tools/report` draws plots and report.html from this directory.\n\n    {}\n\nVersion {} ({}{}), "
      "{}, {} threads of {}; a run's own env.json says what it ran on.\n",
      text_of(results["published"]), text_of(results["protocol"]), fmt::join(words, " "),
      text_of(environment["version"]), text_of(environment["git"]["sha"]).substr(0, 12),
      environment["git"]["dirty"] == true ? ", dirty" : "", text_of(environment["device"]),
      environment["threads"].dump(), text_of(environment["cpu"]["model"]));
  return text;
}

}  // namespace apps
