#include "apps/reproduce/results.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "apps/run/environment.h"
#include "engine/io/files.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

TEST_CASE("results: published, ours, mean and difference, and what is not finished stays empty") {
  const ScratchDirectory scratch;
  const Experiment& experiment = find_experiment("randbits-mnist");
  const auto cells = cells_of(experiment, {.out = scratch.path(), .seeds = 2, .layers = {}});
  const auto finish = [&](const Cell& cell, const char* accuracy) {
    engine::create_directories(cell.run.out);
    engine::atomic_write_file(std::filesystem::path(cell.run.out) / "result.json",
                              std::string(R"({"step":600,"probe_test_accuracy":)") + accuracy + "}");
  };
  finish(cells[0], "0.89");
  finish(cells[15], "0.91");
  finish(cells[1], "0.7");
  const char* words[] = {"reproduce", "randbits-mnist"};
  const auto results = results_json(experiment, cells, 600,
                                    environment_json({.argv = {const_cast<char**>(words), 2},
                                                      .device = "cpu",
                                                      .device_model = {},
                                                      .threads = 2,
                                                      .libraries = {}}));
  CHECK(results["runs"] == 30);
  CHECK(results["runs_finished"] == 3);
  CHECK(results["runs_failed"] == 0);
  CHECK(results["protocol"].get<std::string>().starts_with("600 steps of 1000 images in a fixed order, "));
  const auto &both = results["results"][0], &one = results["results"][1], &none = results["results"][14];
  CHECK(both["temperature"] == 0.05);
  CHECK(both["bits"] == 0);
  CHECK(both["mean"].get<double>() == doctest::Approx(0.90));
  CHECK(both["difference"].get<double>() == doctest::Approx(0.0008));
  CHECK(both["runs"][1]["run"] == "bits00-t0.05-s2");
  CHECK(one["mean"].get<double>() == doctest::Approx(0.7));
  CHECK(none["bits"] == 20);
  CHECK(none["mean"].is_null());

  const std::string text = report_markdown(results);
  CHECK(text.find("**Not complete: 3 of 30 runs are finished.**") != text.npos);
  CHECK(text.find("| temperature | bits | published | seed 1 | seed 2 | mean | difference |\n") != text.npos);
  CHECK(text.find("| 0.05 | 0 | 0.8992 | 0.8900 | 0.9100 | 0.9000 | +0.0008 |\n") != text.npos);
  CHECK(text.find("| 0.05 | 5 | 0.7063 | 0.7000 |  | 0.7000 | -0.0063 |\n") != text.npos);
  CHECK(text.find("| 0.2 | 20 | 0.0989 |  |  |  |  |\n") != text.npos);
  CHECK(text.find("\n    reproduce randbits-mnist\n") != text.npos);
  CHECK(text.find("not a reproduction") == text.npos);
}
