#include "apps/train/begun_run.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "apps/run/run_directory.h"
#include "engine/io/files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

RunArguments arguments(const std::filesystem::path& out, const std::vector<std::string>& sets) {
  RunArguments run{.layers = {}, .out = out.string(), .resume = "auto"};
  for (const std::string& set : sets) run.layers.set.push_back(read_set(set));
  return run;
}

void begin(const RunArguments& run) {
  RunDirectory directory(run);
  directory.begin({.train = "aa", .test = "bb"});
}

}  // namespace

TEST_CASE("begun run: how far it is") {
  const ScratchDirectory scratch;
  const std::filesystem::path run = scratch / "run";
  CHECK(run_standing(run, 20).step == 0);
  CHECK_FALSE(run_standing(run, 20).trained);
  begin(arguments(run, {"train.steps=20"}));
  CHECK_FALSE(run_standing(run, 20).trained);
  engine::create_directories(run / "crash/step_7");
  CHECK(run_standing(run, 20).failure ==
        "numbers became infinite or NaN in step 7; its weights are in " + (run / "crash/step_7").string());
  engine::atomic_write_file(run / "result.json", R"({"step":20,"probe_test_accuracy":null})");
  CHECK(run_standing(run, 20).trained);
  CHECK_FALSE(run_standing(run, 20).failure);  // it was resumed and finished
  CHECK_FALSE(run_standing(run, 30).trained);
}

TEST_CASE("begun run: other settings are refused, other images only if they are not compared elsewhere") {
  const ScratchDirectory scratch;
  const auto run = [&](const std::vector<std::string>& sets) { return arguments(scratch / "run", sets); };
  const std::vector<std::string> sets = {"train.steps=20", "data.source=digits:", "run.threads=1"};
  CHECK_NOTHROW(check_same_settings(run(sets), true));  // no run there yet
  begin(run(sets));
  CHECK_NOTHROW(check_same_settings(run(sets), true));
  const RunArguments elsewhere = run({"train.steps=20", "data.source=mnist:x", "run.threads=0"});
  CHECK_NOTHROW(check_same_settings(elsewhere, false));
  CHECK(message_of<UsageError>([&] { check_same_settings(elsewhere, true); }) ==
        elsewhere.out +
            " holds a run with other settings (data.source: digits: -> mnist:x); choose another --out, or "
            "repeat the command that began it");
  CHECK(message_of<UsageError>([&] {
          check_same_settings(run({"train.steps=21"}), false);
        }).find("train.steps: 20 -> 21") != std::string::npos);
}

TEST_CASE("begun run: a number of threads is kept if none is given") {
  Layers layers{.recipe = {}, .set = {read_set("train.steps=1"), read_set("run.threads=0")}, .flags = {}};
  leave_threads_open(layers);
  CHECK(layers.set.size() == 1);
  layers.set.push_back(read_set("run.threads=3"));
  leave_threads_open(layers);
  CHECK(layers.set.size() == 2);
}
