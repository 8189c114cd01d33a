// `pretrain` on a GPU as a user starts it: recorded steps, repeatability, kill and resume, and against the CPU.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/apps/workbench.h"

using namespace tests;

namespace {

const Strings kOnGpu{"--device", "cuda", "--epochs", "4", "--log-every", "1", "--report", "off"};

Strings on_gpu(const Strings& more) {
  Strings all = kOnGpu;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<double> losses(const fs::path& run) {
  std::vector<double> values;
  for (const auto& record : metrics(run))
    if (record.at("phase") == "train") values.push_back(record.at("loss"));
  return values;
}

/// A bench whose programs time algorithms once for all of them, and leave the user's cache alone.
struct GpuBench : Workbench {
  GpuBench() { setenv("XDG_CACHE_HOME", (*this / "cache").c_str(), 1); }
  ~GpuBench() { unsetenv("XDG_CACHE_HOME"); }
  GpuBench(const GpuBench&) = delete;
  GpuBench& operator=(const GpuBench&) = delete;
};

const Strings kModels{"convn", "resnet18"};

}  // namespace

TEST_CASE("pretrain on a GPU: replayed steps end with the bytes of issued ones, and again with the same") {
  const GpuBench bench;
  for (const std::string& arch : kModels) {
    for (const std::string precision : {"fp32", "bf16"}) {
      CAPTURE(arch);
      CAPTURE(precision);
      const auto run = [&](const std::string& name, const std::string& graph) {
        const std::string directory = arch + precision + name;
        result(bench.pretrain(directory, on_gpu({"--arch", arch, "--precision", precision, "--cuda-graph", graph})));
        return bench / directory;
      };
      const fs::path replayed = run("replayed", "on"), issued = run("issued", "off"), again = run("again", "on");
      CHECK(same_tensors(replayed, issued));
      CHECK(same_tensors(replayed, again));
      CHECK(losses(replayed) == losses(issued));
    }
  }
}

TEST_CASE("pretrain on a GPU: killed between checkpoints, it resumes to the same bytes") {
  const GpuBench bench;
  const Strings arguments = on_gpu({"--epochs", "12", "--resume", "auto"});
  result(bench.pretrain("whole", arguments));
  Program program(PRETRAIN, bench.arguments("run", arguments));
  const auto checkpoint = [&] { return fs::exists(bench / "run/checkpoints/latest"); };
  while (program.running() && !checkpoint()) usleep(200);
  usleep(2000);
  program.send(SIGKILL);
  CHECK(program.wait().signal == SIGKILL);
  result(bench.pretrain("run", arguments));
  CHECK(same_tensors(bench / "run", bench / "whole"));
  CHECK(recorded(bench / "run") == recorded(bench / "whole"));
}

TEST_CASE("pretrain on a GPU: the loss of the CPU, step by step as long as rounding allows") {
  const GpuBench bench;
  for (const std::string& arch : kModels) {
    CAPTURE(arch);
    const Strings common{"--arch", arch, "--epochs", "4", "--log-every", "1", "--report", "off"};
    Strings there = common;
    there.insert(there.end(), {"--device", "cuda"});
    result(bench.pretrain(arch + "cpu", common));
    result(bench.pretrain(arch + "gpu", there));
    const std::vector<double> expected = losses(bench / (arch + "cpu")), actual = losses(bench / (arch + "gpu"));
    REQUIRE(actual.size() == expected.size());
    // The first from the same weights and crops; then differences grow, as Adam's first steps divide by small moments.
    CHECK(actual.front() == doctest::Approx(expected.front()).epsilon(1e-5));
    CHECK(actual[4] == doctest::Approx(expected[4]).epsilon(1e-2));
    CHECK(actual.back() == doctest::Approx(expected.back()).epsilon(0.1));
  }
}

TEST_CASE("pretrain on a GPU: layers are named while steps are issued, and it says so") {
  const GpuBench bench;
  const Ended ended = bench.pretrain("run", on_gpu({"--nvtx", "--profile-steps", "2:3"}));
  result(ended);
  CHECK(ended.err.find("steps are issued kernel by kernel") != std::string::npos);
  const Ended refused = bench.pretrain("other", on_gpu({"--profile-steps", "2:3000"}));
  CHECK(refused.exit_code == 2);
  CHECK(complaint(refused).starts_with("--profile-steps 2:3000: the run has "));
}
