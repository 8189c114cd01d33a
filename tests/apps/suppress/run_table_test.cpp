#include "apps/suppress/run_table.h"

#include <doctest/doctest.h>

#include "apps/run/config_layers.h"
#include "apps/settings/usage_error.h"
#include "engine/io/files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

/// Directories with what a finished run leaves of its configuration and its result.
class Runs {
 public:
  void add(const std::string& name, const std::vector<std::string>& settings, bool finished = true) const {
    Layers layers;
    for (const char* text : {"train.steps=10", "model.arch=convn"}) layers.set.push_back(read_set(text));
    for (const std::string& text : settings) layers.set.push_back(read_set(text));
    engine::create_directories(scratch_ / name);
    engine::atomic_write_file(scratch_ / name / "config.toml", to_toml(with_layers(Config{}, layers)));
    if (finished)
      engine::atomic_write_file(scratch_ / name / "result.json", R"({"step":10,"probe_test_accuracy":0.5})");
  }
  RunTable table() const { return read_run_table(path()); }
  std::string refusal() const {
    return message_of<UsageError>([&] { table(); });
  }
  const std::filesystem::path& path() const { return scratch_.path(); }

 private:
  ScratchDirectory scratch_;
};

std::vector<std::string> names(const std::vector<TableRun>& runs) {
  std::vector<std::string> all;
  for (const TableRun& run : runs) all.push_back(run.name);
  return all;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("run table: runs that differ in the planted feature and the seed alone are one row") {
  const Runs runs;
  for (const std::string loss : {"nt-xent", "cross-view"}) {
    for (const std::string seed : {"1", "2"}) {
      const std::vector<std::string> own{"loss.name=" + loss, "train.seed=" + seed};
      const auto with = [&](const std::string& setting) {
        std::vector<std::string> all = own;
        all.push_back(setting);
        return all;
      };
      runs.add(loss + "-bits10-s" + seed, with("data.bits=10"));
      runs.add(loss + "-bits5-s" + seed, with("data.bits=5"));
      runs.add(loss + "-clean-s" + seed, own);
      runs.add(loss + "-control-s" + seed, with("data.source=randbit(digits:, bits=5, redraw=view)"));
    }
  }
  const RunTable table = runs.table();
  CHECK(table.left_out.empty());
  REQUIRE(table.rows.size() == 4);
  const TableRow &five = table.rows[0], &ten = table.rows[1];
  CHECK(five.plant.text() == "bits=5");
  CHECK(five.settings == std::vector<Setting>{{"loss.name", "cross-view"}});
  CHECK(names(five.arms[kClean]) == Names{"cross-view-clean-s1", "cross-view-clean-s2"});
  CHECK(names(five.arms[kPlanted]) == Names{"cross-view-bits5-s1", "cross-view-bits5-s2"});
  CHECK(names(five.arms[kControl]) == Names{"cross-view-control-s1", "cross-view-control-s2"});
  CHECK(ten.plant.text() == "bits=10");
  CHECK(ten.arms[kControl].empty());
  CHECK(five.nearest_clean.empty());
  CHECK(table.rows[2].settings == std::vector<Setting>{{"loss.name", "nt-xent"}});
}

TEST_CASE("run table: where and how runs were computed does not matter, and a network with blank planes is nearer") {
  const Runs runs;
  runs.add("blank", {"data.source=randbit(mnist:/a, bits=3, blank=on)"});
  runs.add("none", {"data.source=mnist:/a"});
  runs.add("planted", {"data.source=randbit(mnist:\"/a\", bits=3)", "run.threads=3", "run.keep=1"});
  const RunTable table = runs.table();
  REQUIRE(table.rows.size() == 1);
  CHECK(names(table.rows[0].arms[kClean]) == Names{"blank"});
  CHECK(table.left_out == Names{"none: no planted run has its settings and its seed"});
}

TEST_CASE("run table: seeds that an arm lacks are left out, and an arm of other seeds is no partner") {
  const Runs runs;
  for (const std::string seed : {"1", "2", "3"}) runs.add("planted-s" + seed, {"data.bits=2", "train.seed=" + seed});
  for (const std::string seed : {"2", "3", "4"}) runs.add("clean-s" + seed, {"train.seed=" + seed});
  runs.add("control", {"data.source=randbit(digits:, bits=2, redraw=view)", "train.seed=9"});
  const RunTable table = runs.table();
  REQUIRE(table.rows.size() == 1);
  CHECK(names(table.rows[0].arms[kPlanted]) == Names{"planted-s2", "planted-s3"});
  CHECK(names(table.rows[0].arms[kClean]) == Names{"clean-s2", "clean-s3"});
  CHECK(table.rows[0].arms[kControl].empty());
  CHECK(table.left_out.size() == 3);
}

TEST_CASE("run table: without a clean run it is told what the nearest differs in") {
  const Runs runs;
  runs.add("clean", {});
  runs.add("far", {"optim.lr=3", "loss.temperature=0.5"});
  runs.add("ifm", {"data.bits=2", "loss.ifm_epsilon=0.1"});
  runs.add("planted", {"data.bits=2"});
  const RunTable table = runs.table();
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[1].nearest_clean == "ifm and clean differ in loss.ifm_epsilon (0.1 and 0)");
  CHECK(table.rows[0].nearest_clean.empty());
}

TEST_CASE("run table: unfinished, failed and damaged runs are left out with a reason") {
  const Runs runs;
  runs.add("a-clean", {});
  runs.add("b-planted", {"data.bits=2"});
  runs.add("c-begun", {"data.bits=3"}, false);
  runs.add("d-failed", {"data.bits=4"}, false);
  engine::create_directories(runs.path() / "d-failed/crash/step_3");
  engine::create_directories(runs.path() / "e-damaged");
  engine::atomic_write_file(runs.path() / "e-damaged/config.toml", "[train");
  const std::vector<std::string> left_out = runs.table().left_out;
  REQUIRE(left_out.size() == 3);
  CHECK(left_out[0] == "c-begun: it is not finished; the command that began it goes on");
  CHECK(left_out[1] == "d-failed: its numbers became infinite or NaN");
  CHECK(left_out[2].starts_with("e-damaged: "));
}

TEST_CASE("run table: where there is nothing to compare, one sentence says why") {
  const std::string none = message_of<UsageError>([] { read_run_table("/no/such"); });
  CHECK(none == "--table /no/such is not a directory; give one with finished runs of pretrain, reproduce or suppress");
  const Runs runs;
  const std::string begin = "--table " + runs.path().string();
  CHECK(runs.refusal() ==
        begin + " has no finished run; expected directories of pretrain, each with config.toml and result.json");
  runs.add("begun", {"data.bits=3"}, false);
  CHECK(runs.refusal() == begin + " has no finished run: begun: it is not finished; the command that began it goes on");
  for (const std::string bits : {"4", "5", "6"}) runs.add("more" + bits, {"data.bits=" + bits}, false);
  CHECK(runs.refusal().ends_with("; and 1 more"));
  runs.add("clean", {});
  CHECK(runs.refusal() == begin +
                              ": no finished run there has a planted feature that views share: bits (data.bits, "
                              "randbit), values (planted) or digits over the images (overlay)");
  runs.add("planted", {"data.bits=2", "loss.temperature=0.5"});
  CHECK(runs.refusal().starts_with(begin +
                                   ": no two runs differ in the planted feature alone: planted and clean differ in "
                                   "loss.temperature (0.5 and "));
}
