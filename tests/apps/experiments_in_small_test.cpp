// Every built-in experiment in miniature: two of its cells, two steps each, on a few digits and on blank images, from
// training to the report.
#include <doctest/doctest.h>

#include <algorithm>

#include "apps/reproduce/experiments.h"
#include "engine/io/files.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

/// --cells that leaves the first value of every axis but two of the last.
std::string two_cells(const apps::Experiment& experiment, const apps::Budget& budget) {
  std::string text;
  for (const apps::Axis& axis : experiment.axes) {
    const auto& values = experiment.values(axis, budget);
    text += engine::concat(text.empty() ? "" : ", ", axis.name, "=", values.front().text);
    if (&axis == &experiment.axes.back() && values.size() > 1) text += "|" + values[1].text;
  }
  return text;
}

std::string small_data(const apps::NamedSource& source, const Workbench& bench) {
  if (source.name == "mnist") return "mnist:" + bench.data().string();
  return "blank(examples=260, test_examples=32, height=32, width=32, channels=3, classes=2)";
}

bool is_axis(const apps::Experiment& experiment, std::string_view key) {
  return std::any_of(experiment.axes.begin(), experiment.axes.end(),
                     [&](const apps::Axis& axis) { return axis.key == key; });
}

Strings miniature(const apps::Experiment& experiment, const apps::Budget& budget, const Workbench& bench,
                  const std::string& out) {
  Strings all{experiment.name,
              "--budget",
              budget.name,
              "--cells",
              two_cells(experiment, budget),
              "--seeds",
              "1",
              "--steps",
              "2",
              "--threads",
              "1",
              "--report",
              "off",
              "--out",
              out};
  for (const apps::NamedSource& source : experiment.sources_of(budget))
    all.insert(all.end(), {"--data", source.name + "=" + small_data(source, bench)});
  if (experiment.sources_of(budget).front().name == "imagenet")  // 224 pixels and a whole ResNet-50 otherwise
    all.insert(all.end(), {"--set", "augment.size=32", "--set", "model.width=0.25"});
  for (const std::string set : {"lineval.epochs=1", "lineval.batch_size=16", "lineval.learning_rates=0.1",
                                "lineval.redraw=off", "optim.warmup_epochs=0", "train.batch_size=16"}) {
    if (!is_axis(experiment, set.substr(0, set.find('=')))) all.insert(all.end(), {"--set", set});
  }
  return all;
}

}  // namespace

TEST_CASE("experiments in small: each trains, measures and reports") {
  const Workbench bench;
  for (const apps::ExperimentFile& file : apps::experiment_files()) {
    CAPTURE(file.name);
    const apps::Experiment experiment = apps::find_experiment(std::string(file.name));
    const apps::Budget& budget = experiment.budgets.back();
    const fs::path out = bench / experiment.name;
    const Ended ended = Program(REPRODUCE, miniature(experiment, budget, bench, out.string())).wait();
    REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
    const auto line = nlohmann::json::parse(ended.out);
    CHECK(line.at("runs_finished") == line.at("runs"));
    const auto results = nlohmann::json::parse(engine::read_file(out / "results.json"));
    for (const auto& entry : results.at("results")) {
      if (entry.at("runs").empty()) continue;
      std::map<std::string, std::string> place;
      for (const apps::Axis& axis : experiment.axes) place[axis.name] = entry.at(axis.name);
      for (const apps::Quantity& quantity : experiment.quantities()) {
        CAPTURE(quantity.name);
        CHECK(entry.at("values").at(quantity.name).at("mean").is_number() ==
              apps::is_at(place, quantity.measure->where));
      }
    }
    CHECK(engine::read_file(out / "report.md").find(experiment.title) != std::string::npos);
  }
}
