// 60 steps of `pretrain` on the built-in digits, compared with the losses that tools/golden/loss_curve.py recorded.
#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

/// Relative tolerance. Other instructions and numbers of threads round differently. The first step has only this error;
/// training increases it, mostly where the sign of a ReLU's input changes: up to 0.3% after 60 steps on the processors
/// that were tried.
double tolerance(std::int64_t step) { return step == 1 ? 1e-5 : step <= 10 ? 5e-4 : 2e-2; }

}  // namespace

TEST_CASE("golden loss curve: 60 steps on digits lose what was recorded, on any processor") {
  std::istringstream lines(engine::read_file(GOLDEN_DIR "/loss_curve.jsonl"));
  std::vector<nlohmann::json> expected;
  for (std::string line; std::getline(lines, line);) expected.push_back(nlohmann::json::parse(line));
  REQUIRE(expected.size() == 1 + 60);

  const ScratchDirectory scratch;
  const fs::path run = scratch / "run";
  Strings arguments = expected.front().at("arguments");
  for (const std::string more : {"--threads", "2", "--plans", "off", "--report", "off", "--log-every", "1"}) {
    arguments.push_back(more);
  }
  arguments.insert(arguments.end(), {"--out", run.string()});
  result(Workbench::plain_pretrain(arguments));

  const std::vector<nlohmann::json> records = metrics(run);
  REQUIRE(records.size() == 60 + 1);  // 60 training steps and the test set
  for (std::size_t i = 0; i < 60; ++i) {
    const auto &record = records[i], &golden = expected[i + 1];
    const std::int64_t step = record.at("step");
    CAPTURE(step);
    REQUIRE(step == golden.at("step").get<std::int64_t>());
    for (const char* key : {"loss", "loss_align", "loss_dist"}) {
      CAPTURE(key);
      const double actual = record.at(key), wanted = golden.at(key);
      CHECK(std::abs(actual - wanted) <= tolerance(step) * std::abs(wanted));
    }
  }
}
