// What a run of `pretrain` leaves for TensorBoard, and as a table.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "engine/io/files.h"
#include "tests/apps/tensorboard/events.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

/// Each number of metrics.jsonl is in the event file once, in the same order, and the table has as many lines.
void check_outputs(const fs::path& run) {
  std::vector<ReadValue> values = values_of_run(run);
  const auto views = std::find_if(values.begin(), values.end(), [](const ReadValue& v) { return v.tag == "views"; });
  REQUIRE(views != values.end());
  CHECK(views->step == 0);
  values.erase(views);
  std::size_t at = 0;
  const std::vector<nlohmann::json> records = metrics(run);
  const std::set<std::string> others{"step", "epoch", "time", "phase", "nonfinite"};
  for (const auto& record : records) {
    std::multiset<float> expected, found;
    for (const auto& [name, value] : record.items()) {
      if (others.contains(name)) continue;
      expected.insert(value.get<float>());
      REQUIRE(at < values.size());
      CHECK(values[at].step == record.at("step"));
      CHECK(values[at].time == record.at("time"));
      found.insert(static_cast<float>(values[at].value));
      ++at;
    }
    CHECK(found == expected);
  }
  CHECK(at == values.size());
  const std::string table = engine::read_file(run / "metrics.csv");
  CHECK(std::count(table.begin(), table.end(), '\n') == static_cast<std::ptrdiff_t>(records.size()) + 1);
  CHECK(table.starts_with("step,epoch,time,phase,loss,"));
}

}  // namespace

TEST_CASE("pretrain: its numbers and first views are there for TensorBoard, under SimCLR's tags, and as a table") {
  const Workbench bench;
  const auto summary = result(bench.pretrain("run"));
  const fs::path run = bench / "run";
  check_outputs(run);
  std::set<std::string> tags;
  for (const ReadValue& value : values_of_run(run)) {
    tags.insert(value.tag);
    if (value.tag == "eval/label_top_1_accuracy")
      CHECK(value.value == doctest::Approx(summary.at("probe_test_accuracy").get<double>()));
  }
  for (const char* tag : {"train/contrast_loss", "train/contrast_acc", "train/supervised_acc", "train/lr",
                          "perf/images_per_s", "eval/label_top_1_accuracy", "views"}) {
    CAPTURE(tag);
    CHECK(tags.contains(tag));
  }
  result(bench.pretrain("supervised", {"--objective", "supervised", "--tensorboard", "off"}));
  CHECK_FALSE(fs::exists(bench / "supervised/tb"));
}

TEST_CASE("pretrain: killed or stopped and resumed, each step is there once for TensorBoard and in the table") {
  const Workbench bench;
  const Strings longer{"--epochs", "8", "--log-every", "1", "--resume", "auto"};
  const fs::path run = bench / "run";
  for (const int signal : {SIGKILL, SIGTERM}) {
    Program program(PRETRAIN, bench.arguments("run", longer));
    const auto recorded_steps = [&] { return fs::exists(run / "metrics.jsonl") ? recorded_so_far(run).size() : 0; };
    const std::size_t before = recorded_steps();
    while (program.running() && recorded_steps() < before + 12) usleep(200);
    program.send(signal);
    program.wait();
    if (signal == SIGTERM) check_outputs(run);
  }
  result(bench.pretrain("run", longer));
  check_outputs(run);
}
