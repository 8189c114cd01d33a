#include "apps/reproduce/experiments.h"

#include <doctest/doctest.h>

#include "apps/reproduce/cells.h"
#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "tests/apps/reproduce/experiment_text.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

TEST_CASE("experiments: of each, every run of every budget has a valid configuration, and figures are fractions") {
  CHECK(experiment_files().size() >= 14);
  for (const ExperimentFile& file : experiment_files()) {
    CAPTURE(file.name);
    const Experiment experiment = find_experiment(std::string(file.name));
    for (const Budget& budget : experiment.budgets) {
      CAPTURE(budget.name);
      const auto cells = cells_of(experiment, {.out = "out", .budget = budget.name});
      CHECK(cells.size() == places(experiment, budget).size() * static_cast<std::size_t>(budget.seeds));
      for (const Cell& cell : cells) {
        CAPTURE(cell.name);
        CHECK_NOTHROW(cell.config());
        CHECK(cell.config().data.source.find('{') == std::string::npos);
      }
      for (const NamedSource& source : experiment.sources_of(budget)) CHECK_FALSE(source.needs.empty());
    }
    for (const auto& [quantity, figures] : experiment.published.values) {
      for (const double figure : figures) CHECK((std::isnan(figure) || (figure > 0 && figure < 1)));
    }
  }
}

TEST_CASE("experiments: published figures are where the paper has them") {
  const auto at = [](const char* name, const Place& place, const char* quantity) {
    const Experiment experiment = find_experiment(name);
    return published_at(experiment, experiment.budget("paper"), place, quantity);
  };
  CHECK(at("randbits-mnist", {0, 2}, "online") == 0.3299);
  CHECK(at("randbits-mnist", {2, 1}, "online") == 0.3299);
  CHECK(at("randbits-mnist", {1, 0}, "online") == 0.8916);
  CHECK(at("table2", {1, 2, 3}, "linear") == 0.713);  // 3 layers, 2048 images, 800 epochs
  CHECK(at("table2", {0, 0, 0}, "linear") == 0.654);
  CHECK(at("table3", {0, 1, 5}, "linear") == 0.924);  // supervised, in a grid, 16 digits: its worst cell
  CHECK(at("table3", {1, 1, 5}, "linear") == 0.983);
  CHECK(at("table4", {2, 4}, "first") == 0.249);  // temperature 0.2, 60 pixels
  CHECK(at("table4", {1, 6}, "second") == 0.982);
  CHECK(at("fig1-imagenet", {4, 1, 3}, "linear") == 0.713);  // hypercube, 3 layers, 800 epochs
  CHECK(at("fig1-cifar10", {3, 0, 0}, "linear") == 0.863);
  CHECK_FALSE(at("fig1-cifar10", {3, 1, 0}, "linear"));
}

TEST_CASE("experiments: by name, or from a file") {
  CHECK(message_of<UsageError>([] { find_experiment("rand-bits"); }) ==
        "there is no experiment 'rand-bits'; the nearest is randbits-mnist");
  CHECK(message_of<UsageError>([] { find_experiment("runs/mine.md"); }) ==
        "'runs/mine.md' is no experiment: a file of your own must end in .toml, and those that are built in are shown "
        "by `reproduce --list`");
  const ScratchDirectory scratch;
  const std::string path = (scratch / "mine.toml").string();
  CHECK(message_of<UsageError>([&] { find_experiment(path); }) ==
        "there is no file " + path + "; `reproduce --list` shows what is built in");
  engine::atomic_write_file(path, tests::experiment_text());
  CHECK(find_experiment(path).name == "mine");
}
