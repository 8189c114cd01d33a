#include "apps/reproduce/results.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "apps/reproduce/experiment_file.h"
#include "apps/run/environment.h"
#include "engine/io/files.h"
#include "tests/apps/reproduce/experiment_text.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

constexpr char kMore[] = R"(
[[trend]]
says = "fewer with more"
measure = "linear"
along = "digits"
where = { method = "warm SimCLR" }
expect = "falls"
by = 0.1

[budget.small]
note = "Shorter."
)";

/// A table whose runs' files the test writes.
struct Written {
  ScratchDirectory scratch;
  ExperimentRuns runs;

  explicit Written(const std::string& budget)
      : runs{.experiment = read_experiment(tests::experiment_text(kMore), "sizes", "sizes.toml"),
             .request = {.out = scratch.path(), .budget = budget},
             .cells = {},
             .steps = {}} {
    runs.cells = cells_of(runs.experiment, runs.request);
    runs.steps.assign(runs.cells.size(), 600);
  }
  void finish(std::size_t cell, const char* online, const char* linear) const {
    const auto run = runs.cells[cell].directory();
    engine::create_directories(run / "measures");
    if (online)
      engine::atomic_write_file(run / "result.json",
                                std::string(R"({"step":600,"probe_test_accuracy":)") + online + "}");
    engine::atomic_write_file(run / "measures/linear.json", std::string(R"({"knn":0.5,"top1":)") + linear + "}");
  }
  nlohmann::ordered_json results() const {
    const char* words[] = {"reproduce", "sizes.toml"};
    return results_json(runs, environment_json({.argv = {const_cast<char**>(words), 2},
                                                .device = "cpu",
                                                .device_model = {},
                                                .threads = 2,
                                                .libraries = {}}));
  }
};

}  // namespace

TEST_CASE("results: published, ours, mean and difference, and what is not finished stays empty") {
  Written table("paper");
  table.finish(0, "0.75", "0.89");
  table.finish(7, "0.85", "0.91");  // the second seed
  table.finish(2, "0.5", "0.6");
  table.finish(6, nullptr, "0.2");  // untrained
  const auto results = table.results();
  CHECK(results["runs"] == 14);
  CHECK(results["runs_finished"] == 4);
  CHECK(results["runs_failed"] == 0);
  const auto &both = results["results"][0], &none = results["results"][1], &random = results["results"][6];
  CHECK(both["method"] == "warm SimCLR");
  CHECK(both["digits"] == "1");
  CHECK(both["values"]["linear"]["mean"].get<double>() == doctest::Approx(0.9));
  CHECK(both["values"]["linear"]["difference"].get<double>() == doctest::Approx(0));
  CHECK(both["values"]["online"]["mean"].get<double>() == doctest::Approx(0.8));
  CHECK(both["values"]["online"]["published"].is_null());
  CHECK(both["values"]["linear_knn"]["mean"] == 0.5);
  CHECK(both["runs"][1]["run"] == "warm-d1-s2");
  CHECK(none["values"]["linear"]["mean"].is_null());
  CHECK(random["values"]["linear"]["mean"] == 0.2);
  CHECK(random["values"]["online"]["mean"].is_null());
  CHECK(results["trends"][0]["ours"][0]["seen"] == true);
  CHECK(results["trends"][0]["paper"][0]["last"] == 0.7);

  const std::string text = report_markdown(results);
  CHECK(text.find("**Not complete: 4 of 14 runs are finished.**") != text.npos);
  CHECK(text.find("| method | digits | online probe | linear, published | ours | difference | linear, kNN | unfinished "
                  "|\n") != text.npos);
  CHECK(text.find("| warm SimCLR | 1 | 0.8000 (0.7500, 0.8500) | 0.9000 | 0.9000 (0.8900, 0.9100) | +0.0000 | 0.5000 "
                  "(0.5000, 0.5000) |  |\n") != text.npos);
  CHECK(text.find("| supervised | 16 |  |  |  |  |  |  |\n") != text.npos);
  CHECK(text.find("| fewer with more | method warm SimCLR | 0.900 to 0.700 | 0.900 to 0.600 | yes |\n") != text.npos);
  CHECK(text.find("\n    reproduce sizes.toml\n") != text.npos);
  CHECK(text.find("not a reproduction") == text.npos);

  const std::string csv = results_csv(results);
  CHECK(
      csv.starts_with("experiment,budget,method,digits,seed,run,measure,value,published\n"
                      "sizes,paper,warm SimCLR,1,1,warm-d1-s1,online,0.75,\n"));
  CHECK(csv.find("sizes,paper,warm SimCLR,1,2,warm-d1-s2,linear,0.91,0.9\n") != csv.npos);
  CHECK(csv.find("sizes,paper,random net,1,1,random-d1-s1,linear,0.2,0.18\n") != csv.npos);
}

TEST_CASE("results: a scaled-down table stands beside the paper's trends, never beside its numbers") {
  Written table("small");
  table.finish(0, "0.75", "0.89");
  table.finish(2, "0.5", "0.85");
  const auto results = table.results();
  CHECK(results["compares"] == false);
  CHECK_FALSE(results["results"][0]["values"]["linear"].contains("published"));
  CHECK(results["trends"][0]["ours"][0]["seen"] == false);  // falls by 0.04 only
  const std::string text = report_markdown(results);
  CHECK(text.find("**Scaled down (budget small): to be compared with the paper's trends, not with its numbers.** "
                  "Shorter.") != text.npos);
  CHECK(text.find("published |") == text.npos);
  CHECK(text.find("| 0.900 to 0.700 | 0.890 to 0.850 | **no** |") != text.npos);
}

TEST_CASE("results: how far unfinished runs are") {
  Written table("paper");
  const auto run = table.runs.cells[0].directory();
  engine::create_directories(run);
  engine::atomic_write_file(run / "result.json", R"({"step":600,"probe_test_accuracy":0.5})");
  const auto failed = table.runs.cells[7].directory();
  engine::create_directories(failed / "crash/step_7");
  engine::atomic_write_file(failed / "config.toml", "");
  const auto results = table.results();
  CHECK(results["runs_failed"] == 1);
  const std::string text = report_markdown(results);
  CHECK(text.find("| s1: trained, not measured yet; s2: failed |") != text.npos);
  CHECK(text.find("- `warm-d1-s2`: numbers became infinite or NaN in step 7; ") != text.npos);
}
