// `runs`: lists runs and compares them.
#include <doctest/doctest.h>

#include <sstream>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

Ended runs(const Strings& arguments) { return Program(RUNS, arguments).wait(); }

}  // namespace

TEST_CASE("runs: lists real runs and evaluations, the best first, and says what two differ in") {
  const Workbench bench;
  const auto first = result(bench.pretrain("table/one", {"--lr", "0.001"}));
  result(bench.pretrain("table/two", {"--lr", "0.002"}));
  result(
      Workbench::lineval({(bench / "table/one").string(), "--epochs", "1", "--batch-size", "64", "--report", "off"}));
  fs::create_directories(bench / "broken");
  engine::atomic_write_file(bench / "broken/config.toml", "[train");

  const std::string all = bench / "";
  const Ended listed = runs({all, "--columns", "run,status,step,optim.lr,probe_test_accuracy,top1", "--json"});
  CHECK(listed.exit_code == 0);
  CHECK(listed.err.starts_with("runs: warning: not the configuration of a run: "));
  std::istringstream lines(listed.out);
  std::vector<nlohmann::json> entries;
  for (std::string line; std::getline(lines, line);) entries.push_back(nlohmann::json::parse(line));
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].at("run") == "broken");
  CHECK(entries[0].at("status") == "damaged");
  CHECK(entries[1].at("run") == "table/one");
  CHECK(entries[1].at("probe_test_accuracy") == first.at("probe_test_accuracy"));
  CHECK(entries[1].at("optim.lr") == 0.001);
  CHECK(entries[1].at("top1").is_number());
  CHECK(entries[2].at("top1").is_null());

  CHECK(runs({all, "--where", "optim.lr>0.0015", "--columns", "run,optim.lr", "--csv"}).out ==
        "run,optim.lr\ntable/two,0.002\n");
  CHECK(runs({all, "--best", "optim.lr", "--limit", "1", "--columns", "run"}).out == "run\ntable/two\n");
  const Ended differ = runs({"diff", (bench / "table/one").string(), (bench / "table/two").string()});
  CHECK(differ.exit_code == 0);
  CHECK(differ.out.find("\noptim.lr ") != std::string::npos);
  CHECK(differ.out.find("loss.name") == std::string::npos);
}

TEST_CASE("runs: nothing to list or to compare is one sentence") {
  const Workbench bench;
  const auto refusal = [](const Strings& arguments) {
    const Ended ended = runs(arguments);
    CHECK(ended.exit_code == 2);
    const std::string said = complaint(ended);
    return said.substr(0, said.find(" (see `runs --help`)"));
  };
  const std::string here = bench.data(), none = bench / "none";
  CHECK(refusal({here}) == "there are no runs of pretrain and no results of lineval in " + here);
  CHECK(refusal({none}) == "there is no directory " + none + "; give the one that runs are in");
  CHECK(refusal({"diff", here, here}) ==
        here + " is neither a run of pretrain (it has no config.toml) nor results of lineval");
}
