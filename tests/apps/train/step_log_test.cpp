#include "apps/train/step_log.h"

#include <doctest/doctest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/io/files.h"
#include "tests/engine/io/scratch_directory.h"
#include "tests/late_backend.h"

using namespace apps;
using nlohmann::json;

namespace {

std::vector<Measured> measure(const engine::StepRecord& record) {
  std::vector<Measured> measured(1);
  measured[0].scalar = {.name = "loss", .axis = kLossAxis, .headline = true};
  measured[0].value = static_cast<double>(record.scalars.at(0));
  return measured;
}

/// Steps whose loss is their number, on a device that delivers late.
struct Bench {
  explicit Bench(StepLog::Options options = {})
      : status(
            context, [](std::int64_t) { return 1.0; }, 0) {
    options.run = scratch.path();
    options.steps_per_epoch = 4;
    options.batch_size = 32;
    options.workers = 2;
    log.emplace(status, context.pool(), measure, options);
  }
  void steps(int count, float loss = 0) {
    for (; count > 0; --count) {
      const float value = loss != 0 ? loss : static_cast<float>(++done);
      status.prepare_step();
      status.finish_step(std::vector<engine::Tensor>{engine::Tensor::from(context, {}, std::vector<float>{value})});
      log->count_step({.wait_ms = 0.5, .read_ms = 16, .augment_ms = 8, .read_images = 40});
    }
  }
  std::vector<json> records() const {
    std::istringstream lines(engine::read_file(scratch / "metrics.jsonl"));
    std::vector<json> all;
    for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
    return all;
  }

  ScratchDirectory scratch;
  std::unique_ptr<tests::LateBackend> owned = std::make_unique<tests::LateBackend>();
  tests::LateBackend& device = *owned;
  engine::Context context{std::move(owned), 1};
  engine::TrainingStatus status;
  std::optional<StepLog> log;
  int done = 0;
};

}  // namespace

TEST_CASE("step log: a record is written when it comes, with what was measured and the means of its window") {
  Bench bench;
  bench.steps(2);
  bench.log->request(true, false);
  bench.log->write_records(false);
  CHECK(bench.records().empty());
  bench.device.arrive();
  bench.log->write_records(false);
  REQUIRE(bench.records().size() == 1);
  const json record = bench.records()[0];
  CHECK(record.at("step") == 2);
  CHECK(record.at("epoch") == 0.5);
  CHECK(record.at("phase") == "train");
  CHECK(record.at("loss") == 2);
  CHECK(record.at("data_wait_ms") == 0.5);
  CHECK(record.at("decoded_per_s") == 5000);  // 40 images by each of two workers in 16 ms
  CHECK(record.at("augmented_per_s") == 4000);
  CHECK(bench.log->input_text() == "wait 0.5 ms, decode 5000 images/s, augment 4000 images/s");
  CHECK(record.at("images_per_s").get<double>() == doctest::Approx(32e3 / record.at("step_ms").get<double>()));
  CHECK(record.at("mem_peak_bytes").get<double>() > 0);
  CHECK(value_of(bench.log->newest(), "loss") == 2);
}

TEST_CASE("step log: scalars.json describes every key of a record but where it stands") {
  Bench bench;
  bench.steps(1);
  bench.log->request(true, false);
  bench.log->write_records(true);
  json record = bench.records()[0];
  for (const char* key : {"step", "epoch", "time", "phase"}) record.erase(key);
  const json scalars = json::parse(engine::read_file(bench.scratch / "scalars.json"));
  CHECK(scalars.size() == record.size());
  for (const json& scalar : scalars) CHECK(record.contains(scalar.at("name").get<std::string>()));
}

TEST_CASE("step log: a step that is needed, but not to be logged, is read and not written") {
  Bench bench({.newest = {{{.name = "loss"}, 9.0}}});
  CHECK(value_of(bench.log->newest(), "loss") == 9);
  bench.steps(3);
  bench.log->request(false, false);
  bench.log->write_records(true);
  CHECK(value_of(bench.log->newest(), "loss") == 9);  // nothing was requested
  bench.log->request(false, true);
  bench.log->write_records(true);
  CHECK(value_of(bench.log->newest(), "loss") == 3);
  CHECK(bench.records().empty());
}

TEST_CASE("step log: records are asked for before their ring overflows, however seldom they are logged") {
  Bench bench;
  for (int i = 0; i < 3000; ++i) {
    bench.steps(1);
    bench.log->request(false, false);
    bench.log->write_records(false);
  }
  CHECK(bench.done == 3000);
}

TEST_CASE("step log: the record of a step that was not finite is written, and none after it") {
  Bench bench;
  bench.steps(1);
  bench.log->request(false, true);
  const std::vector<std::int32_t> nonfinite{1, kernels::kNonfiniteNow};
  bench.status.clock().status.upload<std::int32_t>(nonfinite);
  bench.steps(1, std::numeric_limits<float>::infinity());
  bench.log->request(false, true);
  bench.steps(1);
  bench.log->request(true, false);
  bench.log->write_records(true);
  CHECK(bench.status.nonfinite());
  REQUIRE(bench.records().size() == 1);
  CHECK(bench.records()[0].at("step") == 2);
  CHECK(bench.records()[0].at("nonfinite") == json::array({"loss"}));
}

TEST_CASE("step log: evaluations stand between the records of steps") {
  Bench bench;
  bench.log->write_evaluation(6, {{{.name = "probe_acc"}, 0.25}, {{.name = "probe.digit_acc"}, 0.75}});
  json record = bench.records().at(0);
  record.erase("time");
  CHECK(record == json::parse(R"({"step":6,"epoch":1.5,"phase":"eval","probe_acc":0.25,"probe.digit_acc":0.75})"));
  CHECK_FALSE(std::filesystem::exists(bench.scratch / "scalars.json"));
}

TEST_CASE("step log: without a run directory records are read and not written") {
  Bench bench;
  bench.log.emplace(bench.status, bench.context.pool(), measure, StepLog::Options{.batch_size = 32});
  std::filesystem::remove(bench.scratch / "metrics.jsonl");
  bench.steps(2);
  bench.log->request(true, false);
  bench.log->write_records(true);
  CHECK(value_of(bench.log->newest(), "loss") == 2);
  bench.log->write_evaluation(2, {{{.name = "probe_acc"}, 0.25}});
  CHECK(std::filesystem::is_empty(bench.scratch.path()));
}
