#include "apps/run/metrics.h"

#include <doctest/doctest.h>

#include <limits>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/file_size_limit.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using apps::MetricsFile;
using apps::StepMetrics;
using engine::read_file;

namespace {

std::string record(std::int64_t step) {
  return R"({"step":)" + std::to_string(step) + R"(,"epoch":0.5,"time":2.0,"phase":"train","loss":1.25})" + "\n";
}

StepMetrics metrics_at(std::int64_t step) {
  return {.step = step, .epoch = 0.5, .time = 2, .values = {{{.name = "loss"}, 1.25}}};
}

}  // namespace

TEST_CASE("metrics: a record holds what was measured, at once, in the order in which it is given") {
  const ScratchDirectory scratch;
  MetricsFile file(scratch / "metrics.jsonl", -1);
  file.write({.step = 10,
              .epoch = 0.25,
              .time = 1.5,
              .phase = "eval",
              .values = {{{.name = "b"}, 1}, {{.name = "a"}, 0.5}, {{.name = "c"}, 2e-3}}});
  CHECK(read_file(scratch / "metrics.jsonl") ==
        R"({"step":10,"epoch":0.25,"time":1.5,"phase":"eval","b":1.0,"a":0.5,"c":0.002})"
        "\n");
}

TEST_CASE("metrics: what is not finite is null, and listed") {
  const ScratchDirectory scratch;
  MetricsFile file(scratch / "metrics.jsonl", -1);
  StepMetrics metrics = metrics_at(1);
  metrics.values = {{{.name = "loss"}, std::numeric_limits<double>::quiet_NaN()},
                    {{.name = "lr"}, 0.5},
                    {{.name = "grad_norm"}, -std::numeric_limits<double>::infinity()}};
  file.write(metrics);
  CHECK(read_file(scratch / "metrics.jsonl") ==
        R"({"step":1,"epoch":0.5,"time":2.0,"phase":"train","loss":null,"lr":0.5,"grad_norm":null,)"
        R"("nonfinite":["loss","grad_norm"]})"
        "\n");
}

TEST_CASE("metrics: resuming drops what will be done again, and what a kill cut short") {
  const ScratchDirectory scratch;
  const auto path = scratch / "metrics.jsonl";
  {
    MetricsFile file(path, -1);
    for (const std::int64_t step : {1, 2, 3, 4}) file.write(metrics_at(step));
  }
  engine::atomic_write_file(path, read_file(path) + R"({"step":2,"epo)");
  { MetricsFile(path, 3).write(metrics_at(4)); }
  CHECK(read_file(path) == record(1) + record(2) + record(3) + record(4));
  { MetricsFile(path, 4); }
  CHECK(read_file(path) == record(1) + record(2) + record(3) + record(4));
  { MetricsFile(path, -1); }
  CHECK(read_file(path).empty());
}

TEST_CASE("metrics: lines that are no records are dropped, whatever they hold") {
  const std::string deep(1'000'000, '[');
  for (const std::string& line :
       {deep, "{\"step\":" + deep, std::string("{\"step\":\"1\"}"), std::string("{\"step\":1e300}"),
        std::string("{\"step\":18446744073709551615}"), std::string("[1]"), std::string()}) {
    CAPTURE(line.substr(0, 40));
    CHECK(apps::records_until(5, record(1) + line + "\n" + record(2)) == record(1) + record(2));
  }
}

TEST_CASE("metrics: an evaluation is found by its step, and a training record of that step is none") {
  const std::string evaluation = R"({"step":2,"epoch":0.5,"time":2.0,"phase":"eval","probe_acc":0.1})";
  CHECK_FALSE(apps::evaluation_after(2, "probe_acc", ""));
  CHECK_FALSE(apps::evaluation_after(2, "probe_acc", record(2) + "{\"step\":2,\"phase\":\"ev"));
  CHECK(apps::evaluation_after(2, "probe_acc", record(1) + record(2) + evaluation + "\n" + record(3)) == 0.1);
  CHECK_FALSE(apps::evaluation_after(3, "probe_acc", record(2) + evaluation + "\n" + record(3)));
  CHECK_FALSE(apps::evaluation_after(2, "loss", record(2) + evaluation + "\n"));
}

TEST_CASE("metrics: recorded steps took their number times the milliseconds of each") {
  CHECK(apps::seconds_of_steps("") == 0);
  CHECK(apps::seconds_of_steps(R"({"step":10,"step_ms":100})"
                               "\n"
                               R"({"step":10,"phase":"eval"})"
                               "\n"
                               R"({"step":30,"step_ms":50})"
                               "\n"
                               R"({"step":"x","step_ms":50})"
                               "\n"
                               R"({"step":40,"step_ms":null})"
                               "\n"
                               R"({"step":50,"st)") == 2);
}

TEST_CASE("metrics: a full disk is an error") {
  const ScratchDirectory scratch;
  MetricsFile file(scratch / "metrics.jsonl", -1);
  const FileSizeLimit limit(0);
  CHECK(message_of<engine::Error>([&] { file.write(metrics_at(1)); }) ==
        "cannot write " + (scratch / "metrics.jsonl").string() + ": File too large");
}
