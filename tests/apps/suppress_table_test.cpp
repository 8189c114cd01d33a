// `suppress --table`: what finished runs say, without training again.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <map>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"

using namespace tests;
using engine::read_file;

namespace {

Ended suppress_table(const fs::path& directory, const Strings& more = {}) {
  Strings all{"--table", directory.string(), "--report", "off", "--probe-images", "60", "--threads", "1"};
  all.insert(all.end(), more.begin(), more.end());
  return Program(SUPPRESS, all).wait();
}

nlohmann::json results(const fs::path& out) { return nlohmann::json::parse(read_file(out / "suppression.json")); }

std::string refusal(const fs::path& directory, const Strings& more, int exit_code = 2) {
  const Ended ended = suppress_table(directory, more);
  CHECK_MESSAGE(ended.exit_code == exit_code, ended.err);
  const std::string all = complaint(ended), pointer = " (see `suppress --help`)";
  return all.ends_with(pointer) ? all.substr(0, all.size() - pointer.size()) : all;
}

/// Path and contents of all files below a directory.
std::map<std::string, std::string> contents(const fs::path& directory) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) all[entry.path().string()] = read_file(entry.path());
  return all;
}

}  // namespace

TEST_CASE("suppress --table: the weights of runs say what suppress saw during their training, and nothing is changed") {
  const Workbench bench;
  const fs::path table = bench / "table", out = bench / "out";
  result(Program(SUPPRESS, {"--recipe",       "randbits-mnist",
                            "--data",         "mnist:" + bench.data().string(),
                            "--out",          table.string(),
                            "--plant",        "bits=6",
                            "--steps",        "16",
                            "--every",        "8",
                            "--threads",      "1",
                            "--report",       "off",
                            "--set",          "run.log_every=1",
                            "--set",          "train.batch_size=64",
                            "--seeds",        "2",
                            "--probe-images", "60"})
             .wait());
  const auto trained = nlohmann::json::parse(read_file(table / "suppress.json"));
  const auto before = contents(table);
  const auto seen = result(suppress_table(table, {"--out", out.string()}));
  CHECK(seen.at("rows").size() == 1);
  CHECK(seen.at("rows")[0].at("verdict") == trained.at("verdict").at("kind"));
  CHECK(contents(table) == before);
  for (std::size_t arm = 0; arm < 3; ++arm)
    CHECK(results(out).at("rows")[0].at("arms")[arm].at("curve") == trained.at("arms")[arm].at("curve"));

  Strings runs;
  for (const std::string& name : names(table)) {
    if (fs::is_directory(table / name) && fs::remove(table / name / "suppress.jsonl")) runs.push_back(name);
  }
  CHECK(runs.size() == 6);
  result(suppress_table(table));
  const auto row = results(table / "suppression").at("rows")[0];
  CHECK(row.at("verdict").at("kind") == trained.at("verdict").at("kind"));
  CHECK(row.at("plant") == "bits=6");
  CHECK(row.at("open").empty());
  for (std::size_t arm = 0; arm < 3; ++arm) {
    CAPTURE(arm);
    const auto &read = row.at("arms")[arm], &told = trained.at("arms")[arm];
    CHECK(read.at("runs").size() == 2);
    CHECK(read.at("runs")[0].at("looked_at").get<std::string>().starts_with("the weights of steps 0, 8, 16"));
    REQUIRE(read.at("curve").size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(read.at("curve")[i].at("readings") == told.at("curve")[i].at("readings"));
      CHECK(read.at("curve")[i].at("embeddings") == told.at("curve")[i].at("embeddings"));
    }
    CHECK(read.at("losses").size() == 16);
    CHECK(read.at("online").at("probe_acc").at("train").size() == 16);
    CHECK(read.at("online").at("probe_acc").at("test").size() == 1);
  }
  const std::string report = read_file(table / "suppression/report.md");
  CHECK(report.find("## bits=6\n") != report.npos);
  CHECK(report.find("The planted arm's loss ") != report.npos);

  SUBCASE("without their weights, only what they recorded is told") {
    for (const std::string& run : runs) fs::remove_all(table / run / "checkpoints");
    const auto summary = result(suppress_table(table));
    CHECK(summary.at("rows")[0].at("verdict").is_null());
    const auto bare = results(table / "suppression").at("rows")[0];
    CHECK(bare.at("verdict").is_null());
    CHECK(bare.at("recorded")
              .get<std::string>()
              .starts_with("The probe that trained beside them ends, on test images, at "));
    CHECK(bare.at("open")[0] == "clean-s1: it has no checkpoint any more.");
    CHECK(bare.at("arms")[1].at("losses").size() == 16);
    CHECK(read_file(table / "suppression/report.md").find("| no weights to look at |") != std::string::npos);
  }
  SUBCASE("images that have moved are given with --data, and others are noticed") {
    const fs::path moved = bench / "moved";
    fs::rename(bench.data(), moved);
    result(suppress_table(table));
    CHECK(results(table / "suppression").at("rows")[0].at("open")[0].get<std::string>().find("/mnist") !=
          std::string::npos);
    result(suppress_table(table, {"--data", "mnist:" + moved.string()}));
    const auto again = results(table / "suppression").at("rows")[0];
    CHECK(again.at("open").empty());
    CHECK(again.at("arms")[1].at("curve") == row.at("arms")[1].at("curve"));
    result(suppress_table(table, {"--data", "digits:"}));
    CHECK(results(table / "suppression").at("rows")[0].at("arms")[1].at("curve").empty());
  }
  SUBCASE("a checkpoint that is damaged is named") {
    engine::atomic_write_file(table / "planted-s1/checkpoints/step_00000016/model.safetensors", "text");
    result(suppress_table(table));
    const auto open = results(table / "suppression").at("rows")[0].at("open");
    CHECK(open[0].get<std::string>().find("step_00000016/model.safetensors does not have the SHA-256") !=
          std::string::npos);
  }
}

TEST_CASE("suppress --table: a table of reproduce has a row for every strength, and says what it cannot tell") {
  const Workbench bench;
  const fs::path table = bench / "table";
  result(Program(REPRODUCE, {"randbits-mnist", "--data", "mnist:" + bench.data().string(), "--out", table.string(),
                             "--cells", "temperature=0.1, bits=0|5|10", "--seeds", "1", "--steps", "4", "--set",
                             "train.batch_size=64", "--threads", "1", "--report", "off"})
             .wait());
  const std::string before = read_file(table / "results.json");
  const auto summary = result(suppress_table(table));
  REQUIRE(summary.at("rows").size() == 2);
  CHECK(summary.at("rows")[0].at("plant") == "bits=5");
  CHECK(summary.at("rows")[1].at("plant") == "bits=10");
  CHECK(read_file(table / "results.json") == before);
  const auto row = results(table / "suppression").at("rows")[0];
  const std::string open = row.at("open").dump();
  CHECK(open.find("The clean networks have no planes for the feature") != open.npos);
  CHECK(open.find("There is no control") != open.npos);
  CHECK(row.at("arms")[0].at("curve")[0].at("readings").contains("label"));
  CHECK(row.at("arms")[1].at("curve")[0].at("readings").contains("bits"));
  // The table is still reproduce's, which finds nothing left to do.
  CHECK(Program(REPRODUCE, {"randbits-mnist", "--data", "mnist:" + bench.data().string(), "--out", table.string(),
                            "--cells", "temperature=0.1, bits=0|5|10", "--seeds", "1", "--steps", "4", "--set",
                            "train.batch_size=64", "--threads", "1", "--report", "off"})
            .wait()
            .err.find("3 of 3 ") != std::string::npos);
}

TEST_CASE("suppress --table: of images without labels, the probe that trained beside tells nothing") {
  const Workbench bench;
  const fs::path table = bench / "table";
  for (const std::string bits : {"0", "4"}) {
    result(bench.pretrain("table/" + bits,
                          {"--recipe", "randbits-mnist", "--bits", bits, "--data",
                           "blank(examples=128, test_examples=64, height=28, width=28, channels=1, classes=0)"}));
  }
  result(suppress_table(table));
  const auto row = results(table / "suppression").at("rows")[0];
  CHECK(row.at("labels").is_null());
  CHECK(row.at("recorded") == "");
  CHECK(row.at("label_sets") == nlohmann::json({"bits"}));
  CHECK(row.at("arms")[1].at("online").contains("probe_acc"));
}

TEST_CASE("suppress --table: bad input is refused in one sentence") {
  const Workbench bench;
  const fs::path table = bench / "table";
  CHECK(refusal(table, {}).find("is not a directory") != std::string::npos);
  engine::create_directories(table);
  for (const Strings& flags :
       {Strings{"--plant", "bits=3"}, Strings{"--remedy", "ifm"}, Strings{"--seeds", "2"}, Strings{"--every", "3"},
        Strings{"--recipe", "randbits-mnist"}, Strings{"--set", "optim.lr=3"}, Strings{"--steps", "3"}}) {
    CHECK(refusal(table, flags) ==
          flags[0] + " is for a training, and --table reads runs that are finished; leave one of them out");
  }
  CHECK(refusal(table, {}).find(" has no finished run; ") != std::string::npos);
  for (const std::string bits : {"0", "2"})
    result(bench.pretrain("table/" + bits, {"--recipe", "randbits-mnist", "--bits", bits}));
  const fs::path other = bench / "file";
  engine::atomic_write_file(other, "text");
  CHECK(refusal(table, {"--out", other.string()}) == "--out " + other.string() + " is a file, not a directory");
  CHECK(refusal(table, {"--out", (table / "0").string()}).find("has a report of its own (it has config.toml)") !=
        std::string::npos);
  CHECK_FALSE(fs::exists(table / "suppression"));
  CHECK(refusal(table, {"--device", "cuda:77"}).find("cuda") != std::string::npos);
}
