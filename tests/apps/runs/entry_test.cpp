#include "apps/runs/entry.h"

#include <doctest/doctest.h>

#include "apps/settings/usage_error.h"
#include "engine/io/files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& text) {
  engine::create_directories(path.parent_path());
  engine::atomic_write_file(path, text);
}

void write_run(const fs::path& run, const std::string& rate = "0.5") {
  write(run / "config.toml", "[train]\nsteps = 8\n[optim]\nlr = " + rate + "\n");
}

}  // namespace

TEST_CASE("runs entry: what a run was asked, what came of it, and its evaluations") {
  const ScratchDirectory scratch;
  const fs::path run = scratch / "run";
  write_run(run);
  write(run / "result.json", R"({"step":8,"loss":null,"probe_test_accuracy":0.5,"effective_rank":3.0})");
  write(run / "eval/lineval.json", R"({"run":"run","step":8,"top1":0.75,"knn":0.25,"grid":[1]})");
  write(run / "eval/lineval.1.json", R"({"top1":0.1})");  // an earlier one
  write(run / "eval/group2/texture/lineval.json", R"({"top1":0.875})");
  write(run / "eval/new.tmp/lineval.json", "{");  // is being stored
  const auto entry = read_entry(run, "run");
  REQUIRE(entry);
  CHECK(entry->status == "finished");
  CHECK(entry->problems.empty());
  CHECK(value_of(*entry, "run") == "run");
  CHECK(value_of(*entry, "status") == "finished");
  CHECK(value_of(*entry, "optim.lr") == "0.5");
  CHECK(value_of(*entry, "loss.name") == "nt-xent");  // a default
  CHECK(value_of(*entry, "step") == "8");
  CHECK(value_of(*entry, "probe_test_accuracy") == "0.5");
  CHECK(value_of(*entry, "top1") == "0.75");
  CHECK(value_of(*entry, "group2/texture/top1") == "0.875");
  CHECK_FALSE(value_of(*entry, "loss"));  // null
  CHECK_FALSE(value_of(*entry, "grid"));
}

TEST_CASE(
    "runs entry: a run that has not finished has the step of its newest checkpoint, and one that failed says so") {
  const ScratchDirectory scratch;
  write_run(scratch / "run");
  CHECK(read_entry(scratch / "run", "")->status == "unfinished");
  CHECK_FALSE(value_of(*read_entry(scratch / "run", ""), "step"));
  for (const char* step : {"step_00000004", "step_00000012", "step_00000020.tmp"})
    fs::create_directories(scratch / "run/checkpoints" / step);
  CHECK(value_of(*read_entry(scratch / "run", ""), "step") == "12");
  fs::create_directories(scratch / "run/crash/step_13");
  CHECK(read_entry(scratch / "run", "")->status == "failed");
}

TEST_CASE("runs entry: what cannot be read is a sentence, and the rest is shown") {
  const ScratchDirectory scratch;
  write(scratch / "foreign/config.toml", "[network]\nlayers = 3\n");
  write(scratch / "broken/config.toml", "[train\n");
  write_run(scratch / "half");
  write(scratch / "half/result.json", R"({"step":8,)");
  write(scratch / "half/eval/lineval.json", R"({"top1":0.75})");
  write_run(scratch / "deep");
  write(scratch / "deep/result.json", std::string(1'000'000, '['));
  write_run(scratch / "odd");
  fs::create_directories(scratch / "odd/result.json");
  for (const char* name : {"foreign", "broken", "half", "deep", "odd"}) {
    CAPTURE(name);
    const auto entry = read_entry(scratch / name, name);
    REQUIRE(entry);
    CHECK(entry->status == "damaged");
    REQUIRE(entry->problems.size() == 1);
    CHECK(entry->problems[0].find(name) != std::string::npos);
    CHECK(entry->problems[0].find('\n') == std::string::npos);
  }
  CHECK(value_of(*read_entry(scratch / "half", ""), "top1") == "0.75");
}

TEST_CASE("runs entries: runs and evaluations at any depth, by name, and nothing else") {
  const ScratchDirectory scratch;
  write_run(scratch / "b");
  write_run(scratch / "b/inside");  // belongs to b
  write_run(scratch / "a/table/cell-1");
  write(scratch / "a/table/results.json", "{}");
  write(scratch / "c-random-init/eval/lineval.json", R"({"top1":0.5})");
  write(scratch / "elsewhere/texture/lineval.json", R"({"top1":0.25})");
  write(scratch / "photographs/one.txt", "");
  fs::create_directory_symlink(scratch.path(), scratch / "circle");
  std::vector<std::string> names, statuses;
  const std::vector<Entry> entries = find_entries(scratch.path());
  for (const Entry& entry : entries) {
    names.push_back(entry.name);
    statuses.push_back(entry.status);
  }
  CHECK(names == std::vector<std::string>{"a/table/cell-1", "b", "c-random-init", "elsewhere/texture"});
  CHECK(statuses == std::vector<std::string>{"unfinished", "unfinished", "evaluation", "evaluation"});
  CHECK(value_of(entries[2], "top1") == "0.5");
  CHECK(value_of(entries[3], "top1") == "0.25");
  CHECK(find_entries(scratch / "photographs").empty());
  CHECK(message_of<UsageError>([&] { find_entries(scratch / "none"); }) ==
        "there is no directory " + (scratch / "none").string() + "; give the one that runs are in");
}
