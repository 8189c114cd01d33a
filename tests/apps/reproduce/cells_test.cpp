#include "apps/reproduce/cells.h"

#include <doctest/doctest.h>

#include <set>

#include "apps/run/exit_code.h"
#include "apps/run/run_directory.h"
#include "engine/io/files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

const Experiment& randbits() { return find_experiment("randbits-mnist"); }

Request request(const std::filesystem::path& out, const std::vector<std::string>& sets = {}) {
  Request request{.out = out, .seeds = 2, .layers = {}};
  for (const std::string& text : sets) request.layers.set.push_back(read_set(text));
  return request;
}

const DataFingerprint kData{.train = "aa", .test = "bb"};

void begin(const Cell& cell) {
  RunDirectory directory(cell.run);
  directory.begin(kData);
}

void check_same(const Cell& cell) { check_same_run(cell, kData); }

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
  CHECK(cells.front().name == "bits00-t0.05-s1");
  CHECK(cells[6].name == "bits05-t0.10-s1");
  const Config config = with_layers({}, cells[6].run.layers);
  CHECK(config.data.bits == 5);
  CHECK(config.loss.temperature == 0.1f);
  CHECK(config.train.seed == 1);
  CHECK(config.train.batch_size == 1000);
  CHECK(changes_to_recipe(randbits(), cells[6]).empty());
}

TEST_CASE("cells: what the request changes is known, what the experiment chooses is not the request's to set") {
  const auto cells = cells_of(randbits(), request("out", {"train.steps=7", "model.width=2", "run.keep=1"}));
  CHECK(changes_to_recipe(randbits(), cells[20]) ==
        std::vector<std::string>{"model.width: 1 -> 2", "train.steps: 0 -> 7"});
  const auto digits = cells_of(randbits(), request("out", {"data.source=digits:", "train.epochs=3"}));
  CHECK(changes_to_recipe(randbits(), digits[0]) ==
        std::vector<std::string>{"data.source: mnist:datasets/mnist -> digits:", "train.epochs: 10 -> 3"});
  CHECK(
      changes_to_recipe(randbits(), cells_of(randbits(), request("out", {"data.source=mnist:elsewhere"}))[0]).empty());
  for (const std::string set : {"data.bits=3", "loss.temperature=1", "train.seed=5"}) {
    CAPTURE(set);
    CHECK(message_of<UsageError>([&] {
            cells_of(randbits(), request("out", {set}));
          }).find("randbits-mnist sets this key itself") != std::string::npos);
  }
}

TEST_CASE("cells: a directory with other settings is refused, and how it is run and watched may change") {
  const ScratchDirectory scratch;
  const auto first = [&](const std::vector<std::string>& sets) {
    return cells_of(randbits(), request(scratch.path(), sets))[0];
  };
  const Cell cell = first({"train.steps=7", "run.threads=1"});
  CHECK_NOTHROW(check_same(cell));  // no run there yet
  begin(cell);
  CHECK_NOTHROW(check_same(cell));
  CHECK_NOTHROW(check_same(first({"train.steps=7", "run.keep=9"})));  // the started run keeps its threads
  const Cell again = first({"train.steps=7", "run.threads=0"});       // 0 threads say the same
  CHECK_NOTHROW(check_same(again));
  CHECK(resolve(again.run).run.compute.threads == 1);
  CHECK(message_of<UsageError>([&] {
          check_same(first({"train.steps=8", "run.threads=2"}));
        }) == cell.run.out +
                  " holds a run with other settings (train.steps: 7 -> 8, run.threads: 1 -> 2); choose another "
                  "--out, or repeat the command that began it");
}

TEST_CASE("cells: a run that was made with other data is refused, wherever that lies") {
  const ScratchDirectory scratch;
  const Cell cell = cells_of(randbits(), request(scratch.path(), {"data.source=mnist:a"}))[0];
  begin(cell);
  CHECK_NOTHROW(check_same(cells_of(randbits(), request(scratch.path(), {"data.source=mnist:b"}))[0]));
  CHECK(message_of<engine::DataError>([&] {
          check_same_run(cell, {.train = "ab", .test = "bb"});
        }).starts_with("mnist:a is not the data that the run in " + cell.run.out + " began with"));
}

TEST_CASE("cells: what an earlier command finished with further seeds still counts") {
  const ScratchDirectory scratch;
  const auto finish = [&](const std::string& run) {
    engine::create_directories(scratch / run);
    engine::atomic_write_file(scratch / run / "result.json", R"({"step":600,"probe_test_accuracy":0.5})");
  };
  finish("bits05-t0.05-s3");
  finish("bits05-t0.05-s101");
  finish("other-s9");
  const auto cells = cells_of(randbits(), request(scratch.path()));
  REQUIRE(cells.size() == 45);
  CHECK(cells[29].asked);
  CHECK_FALSE(cells[30].asked);
  CHECK(is_name_of_cell(randbits(), "bits05-t0.05-s3"));
  for (const char* name : {"bits05-t0.05-s", "bits05-t0.05-s0", "bits05-t0.05-s1x", "bits06-t0.05-s1", "thesis.txt"})
    CHECK_FALSE(is_name_of_cell(randbits(), name));
}

TEST_CASE("cells: how far a run is") {
  const ScratchDirectory scratch;
  const Cell cell = cells_of(randbits(), request(scratch.path()))[0];
  CHECK(standing_of(cell, 20).step == 0);
  begin(cell);
  const std::filesystem::path run = cell.run.out;
  engine::atomic_write_file(run / "metrics.jsonl", R"({"step":10,"phase":"train","step_ms":100})"
                                                   "\n"
                                                   R"({"step":10,"phase":"eval","probe_acc":0.5})"
                                                   "\n"
                                                   R"({"step":20,"phase":"train","step_ms":50})"
                                                   "\n"
                                                   R"({"step":2)");
  CHECK(standing_of(cell, 20).seconds == doctest::Approx(1.5));
  CHECK_FALSE(standing_of(cell, 20).accuracy);
  engine::atomic_write_file(run / "result.json", R"({"step":20,"probe_test_accuracy":0.75})");
  CHECK(standing_of(cell, 20).accuracy == 0.75);
  CHECK(standing_of(cell, 20).step == 20);
  engine::create_directories(run / "crash/step_7.tmp");  // killed while it was written
  CHECK_FALSE(standing_of(cell, 30).failure);
  engine::create_directories(run / "crash/step_7");
  CHECK_FALSE(standing_of(cell, 20).failure);  // it was resumed and finished
  CHECK(standing_of(cell, 30).failure ==
        "numbers became infinite or NaN in step 7; its weights are in " + (run / "crash/step_7").string());
  CHECK_FALSE(standing_of(cell, 30).accuracy);  // finished, but with another number of steps
  engine::atomic_write_file(run / "result.json", "{}");
  CHECK(message_of<engine::DataError>([&] { standing_of(cell, 20); }).ends_with("remove it and resume the run"));
}
