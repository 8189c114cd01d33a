#include "apps/reproduce/cells.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "apps/reproduce/experiment_file.h"
#include "apps/reproduce/experiments.h"
#include "apps/reproduce/standing.h"
#include "apps/run/exit_code.h"
#include "apps/run/run_directory.h"
#include "apps/train/begun_run.h"
#include "engine/io/files.h"
#include "tests/apps/reproduce/experiment_text.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

const Experiment& randbits() {
  static const Experiment experiment = find_experiment("randbits-mnist");
  return experiment;
}

Experiment sizes(const std::string& more = {}) {
  return read_experiment(tests::experiment_text(more), "sizes", "sizes.toml");
}

Request request(const std::filesystem::path& out, const std::vector<std::string>& sets = {}) {
  Request request{.out = out};
  for (const std::string& text : sets) request.layers.set.push_back(read_set(text));
  return request;
}

std::vector<std::string> names(const std::vector<Cell>& cells) {
  std::vector<std::string> all;
  for (const Cell& cell : cells) all.push_back(cell.name);
  return all;
}

void begin(const Cell& cell) {
  RunDirectory directory(cell.run);
  directory.begin({.train = "aa", .test = "bb"});
}

}  // namespace

TEST_CASE("cells: the whole table with one seed, then with the next, each in a directory of its own") {
  const auto cells = cells_of(randbits(), request("out"));
  REQUIRE(cells.size() == 30);
  std::set<std::string> names;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    CHECK(cells[i].seed == (i < 15 ? 1 : 2));
    CHECK(names.insert(cells[i].name).second);
    CHECK(cells[i].run.out == "out/" + cells[i].name);
  }
  CHECK(cells.front().name == "t0.05-bits0-s1");
  CHECK(cells[6].name == "t0.1-bits5-s1");
  const Config config = cells[6].config();
  CHECK(config.data.bits == 5);
  CHECK(config.loss.temperature == 0.1f);
  CHECK(config.train.seed == 1);
  CHECK(config.train.batch_size == 1000);
  CHECK(changes(randbits(), request("out"), cells[6]).empty());
}

TEST_CASE("cells: a value brings its settings or its recipe, and sources and values take the place of their names") {
  const Experiment experiment = sizes(R"(
[budget.small.set]
train = { steps = 7 }
)");
  Request given = request("out");
  given.sources = {{"mnist", "mnist:/data/{digits}"}};
  const auto cells = cells_of(experiment, given);
  CHECK(names(cells) == std::vector<std::string>{"warm-d1-s1", "warm-d4-s1", "warm-d16-s1", "supervised-d1-s1",
                                                 "supervised-d4-s1", "supervised-d16-s1", "random-d1-s1", "warm-d1-s2",
                                                 "warm-d4-s2", "warm-d16-s2", "supervised-d1-s2", "supervised-d4-s2",
                                                 "supervised-d16-s2", "random-d1-s2"});
  CHECK(cells[1].config().data.source == "multidigits(mnist:/data/{digits}, digits=4)");
  CHECK(cells[1].config().loss.temperature == 0.5f);
  CHECK(cells[1].config().train.epochs == 10);
  CHECK(cells[4].config().objective.name == ObjectiveName::supervised);
  CHECK_FALSE(cells[4].untrained);
  CHECK(cells[6].untrained);
  // Steps of the budget replace the recipe's epochs, and epochs of the user the budget's steps.
  Request small = request("out");
  small.budget = "small";
  CHECK(cells_of(experiment, small)[0].config().train.steps == 7);
  small.layers.set.push_back(read_set("train.epochs=3"));
  CHECK(cells_of(experiment, small)[0].config().train.steps == 0);
  CHECK(cells_of(experiment, small)[0].config().train.epochs == 3);
  CHECK(changes(experiment, small, cells_of(experiment, small)[0]) == std::vector<std::string>{"train.epochs: 0 -> 3"});
}

TEST_CASE("cells: what the request changes is known, what the experiment chooses is not the request's to set") {
  const auto changed = [](Request request) { return changes(randbits(), request, cells_of(randbits(), request)[20]); };
  CHECK(changed(request("out", {"train.steps=7", "model.width=2", "run.keep=1"})) ==
        std::vector<std::string>{"model.width: 1 -> 2", "train.steps: 0 -> 7"});
  Request digits = request("out", {"train.epochs=3"});
  digits.sources["mnist"] = "digits:";
  CHECK(changed(digits) == std::vector<std::string>{"train.epochs: 10 -> 3", "mnist: digits: in place of mnist"});
  Request elsewhere = request("out");
  elsewhere.sources["mnist"] = "mnist:elsewhere";
  CHECK(changed(elsewhere).empty());
  for (const std::string set : {"data.bits=3", "loss.temperature=1", "train.seed=5"}) {
    CAPTURE(set);
    CHECK(message_of<UsageError>([&] {
            cells_of(randbits(), request("out", {set}));
          }).find("randbits-mnist sets this key itself") != std::string::npos);
  }
  CHECK(message_of<UsageError>([&] { cells_of(randbits(), request("out", {"data.source=mnist:x"})); }) ==
        "--set data.source: give the data with --data");
}

TEST_CASE("cells: a part of the table") {
  const Budget& paper = randbits().budget("paper");
  Request part = request("out");
  part.seeds = 1;
  read_cells("temperature=0.1, bits = 5|20", randbits(), paper, part.cells);
  CHECK(names(cells_of(randbits(), part)) == std::vector<std::string>{"t0.1-bits5-s1", "t0.1-bits20-s1"});
  const auto refusal = [&](const std::string& text) {
    return message_of<UsageError>([&] {
      Where cells;
      read_cells(text, randbits(), paper, cells);
    });
  };
  CHECK(refusal("bit=5") == "--cells: randbits-mnist has no axis 'bit'; the nearest is bits");
  CHECK(refusal("bits=6") == "--cells: bits has no value '6' with the budget paper; it has 0, 5, 10, 15, 20");
  CHECK(refusal("5") == "--cells must be AXIS=VALUE, ..., as in temperature=0.05, got '5'");
  const Experiment experiment = sizes();
  Request none = request("out");
  read_cells("method=random net, digits=4", experiment, experiment.budget("paper"), none.cells);
  CHECK(message_of<UsageError>([&] { cells_of(experiment, none); }) == "--cells: sizes has no such cell");
}

TEST_CASE("cells: one source needs no name, several do") {
  const Experiment both = find_experiment("fig6");
  std::map<std::string, std::string> sources;
  read_source("mnist:x", randbits(), randbits().budget("paper"), sources);
  CHECK(sources.at("mnist") == "mnist:x");
  read_source("mnist=mnist:y=z", randbits(), randbits().budget("paper"), sources);
  CHECK(sources.at("mnist") == "mnist:y=z");
  read_source("imagenet=folder:i", both, both.budget("paper"), sources);
  CHECK(sources.at("imagenet") == "folder:i");
  CHECK(message_of<UsageError>([&] { read_source("folder:i", both, both.budget("paper"), sources); }) ==
        "--data: fig6 needs several sources; say which this is: --data imagenet=SOURCE --data mnist=folder:i");
}

TEST_CASE("cells: a directory with other settings is refused, and how it is run and watched may change") {
  const ScratchDirectory scratch;
  const auto first = [&](const std::vector<std::string>& sets) {
    return cells_of(randbits(), request(scratch.path(), sets))[0];
  };
  const Cell cell = first({"train.steps=7", "run.threads=1"});
  CHECK_NOTHROW(check_same_settings(cell.run, false));  // no run there yet
  begin(cell);
  CHECK_NOTHROW(check_same_settings(cell.run, false));
  CHECK_NOTHROW(
      check_same_settings(first({"train.steps=7", "run.keep=9"}).run, false));  // the started run keeps its threads
  const Cell again = first({"train.steps=7", "run.threads=0"});                 // 0 threads say the same
  CHECK_NOTHROW(check_same_settings(again.run, false));
  CHECK(resolve(again.run).run.compute.threads == 1);
  CHECK(message_of<UsageError>([&] {
          check_same_settings(first({"train.steps=8", "run.threads=2"}).run, false);
        }) == cell.run.out +
                  " holds a run with other settings (train.steps: 7 -> 8, run.threads: 1 -> 2); choose another "
                  "--out, or repeat the command that began it");
}

TEST_CASE("cells: what an earlier command finished with further seeds and in other cells still counts") {
  const ScratchDirectory scratch;
  for (const char* run : {"t0.05-bits5-s3", "t0.05-bits5-s101", "t0.05-bits5-s0", "other-s9", "t0.2-bits20-s1"})
    engine::create_directories(scratch / run);
  Request part = request(scratch.path());
  read_cells("temperature=0.1, bits=0", randbits(), randbits().budget("paper"), part.cells);
  const auto cells = cells_of(randbits(), part);
  CHECK(names(cells) == std::vector<std::string>{"t0.1-bits0-s1", "t0.2-bits20-s1", "t0.1-bits0-s2", "t0.05-bits5-s3"});
  CHECK(cells[0].asked);
  CHECK_FALSE(cells[1].asked);
  CHECK(cells[2].asked);
  CHECK_FALSE(cells[3].asked);
}

TEST_CASE("cells: how far a run is") {
  const ScratchDirectory scratch;
  const Experiment experiment = sizes();
  const auto cells = cells_of(experiment, request(scratch.path()));
  const Cell &cell = cells[0], &untrained = cells[6];
  const auto standing = [&](std::int64_t steps) { return standing_of(experiment, cell, steps); };
  CHECK(standing(20).step == 0);
  begin(cell);
  const std::filesystem::path run = cell.run.out;
  engine::atomic_write_file(run / "metrics.jsonl", R"({"step":10,"phase":"train","step_ms":100})"
                                                   "\n"
                                                   R"({"step":10,"phase":"eval","probe_acc":0.5})"
                                                   "\n"
                                                   R"({"step":20,"phase":"train","step_ms":50})"
                                                   "\n"
                                                   R"({"step":2)");
  CHECK(standing(20).seconds == doctest::Approx(1.5));
  CHECK_FALSE(standing(20).trained);
  engine::atomic_write_file(run / "result.json", R"({"step":20,"probe_test_accuracy":0.75})");
  CHECK(standing(20).trained);
  CHECK(standing(20).step == 20);
  CHECK_FALSE(standing(20).finished);  // the linear evaluation is missing
  engine::create_directories(run / "measures");
  engine::atomic_write_file(run / "measures/linear.json", R"({"top1":0.5,"knn":0.25})");
  CHECK(standing(20).finished);
  engine::create_directories(run / "crash/step_7.tmp");  // killed while it was written
  CHECK_FALSE(standing(30).failure);
  engine::create_directories(run / "crash/step_7");
  CHECK_FALSE(standing(20).failure);  // it was resumed and finished
  CHECK(standing(30).failure ==
        "numbers became infinite or NaN in step 7; its weights are in " + (run / "crash/step_7").string());
  CHECK_FALSE(standing(30).trained);  // finished, but with another number of steps
  engine::atomic_write_file(run / "result.json", "{}");
  CHECK(message_of<engine::DataError>([&] { standing(20); }).ends_with("remove it and resume the run"));

  CHECK(standing_of(experiment, untrained, 20).trained);
  CHECK_FALSE(standing_of(experiment, untrained, 20).finished);
  engine::create_directories(untrained.directory() / "measures");
  engine::atomic_write_file(untrained.directory() / "measures/linear.json", R"({"top1":0.2,"knn":0.1})");
  CHECK(standing_of(experiment, untrained, 20).finished);
}
