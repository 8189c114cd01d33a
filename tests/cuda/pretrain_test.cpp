// `pretrain` on a GPU as a user starts it: recorded steps, repeatability, kill and resume, and against the CPU. Also
// with the interpreter in place of the GPU (tests/simt/programs), to which INTERPRETED gives less to do.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <functional>

#include "tests/apps/growing_images.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

#if INTERPRETED
constexpr int kImages = 32;
const Strings kSize{"--batch-size", "8", "--epochs", "4", "--log-every", "1"};
const Strings kModels{"convn"};
#else
constexpr int kImages = kTrainImages;
const Strings kSize{"--batch-size", "64", "--epochs", "4", "--log-every", "1"};
const Strings kModels{"convn", "resnet18"};
#endif

Strings run_on(const std::string& device, const Strings& more = {}) {
  Strings all = kSize;
  all.insert(all.end(), {"--device", device});
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
Strings on_gpu(const Strings& more) { return run_on("cuda", more); }

/// The values that all steps recorded under a name.
std::vector<double> recorded_values(const fs::path& run, const char* name) {
  std::vector<double> values;
  for (const auto& record : metrics(run))
    if (record.at("phase") == "train") values.push_back(record.at(name));
  return values;
}
std::vector<double> losses(const fs::path& run) { return recorded_values(run, "loss"); }

/// A bench whose programs share one cache of timed algorithms, separate from the user's.
struct GpuBench : Workbench {
  GpuBench() : Workbench(kImages) { setenv("XDG_CACHE_HOME", (*this / "cache").c_str(), 1); }
  ~GpuBench() { unsetenv("XDG_CACHE_HOME"); }
  GpuBench(const GpuBench&) = delete;
  GpuBench& operator=(const GpuBench&) = delete;
};

/// Runs with these arguments: replayed and issued steps end with the same bytes, and the CPU begins
/// with the same loss but for rounding.
void check_replays(const GpuBench& bench, const Strings& chosen) {
  std::string all;
  for (const std::string& argument : chosen) all += argument + " ";
  CAPTURE(all);
  const auto run = [&](std::string name, const std::string& device, const Strings& more) {
    name += std::to_string(std::hash<std::string>()(all));
    Strings arguments = run_on(device, chosen);
    arguments.insert(arguments.end(), more.begin(), more.end());
    result(bench.pretrain(name, arguments));
    return bench / name;
  };
  const fs::path replayed = run("replayed", "cuda", {"--cuda-graph", "on"}),
                 issued = run("issued", "cuda", {"--cuda-graph", "off"});
  CHECK(same_tensors(replayed, issued));
  const std::vector<double> steps = losses(replayed);
  CHECK(steps == losses(issued));
  // The CPU's first step is the same but for rounding; later ones drift apart.
  CHECK(losses(run("cpu", "cpu", {})).front() == doctest::Approx(steps.front()).epsilon(1e-3));
}

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

TEST_CASE("pretrain on a GPU: replayed steps draw and schedule as issued ones, for every loss") {
  const GpuBench bench;
  const Strings few{"--set", "loss.slices=16"}, quantiles{"--set", "loss.prior_sample=quantiles"};
  const Strings schedule{"--set", "loss.temperature_schedule=cosine", "--set", "loss.temperature_period=1"};
  const std::vector<Strings> all = {
      {"--loss", "cross-view"},
      {"--loss", "decoupled"},
      {"--loss", "nt-xent", "--set", "loss.ifm_epsilon=0.1"},
      {"--loss", "nt-xent", "--set", "loss.hard_negative_beta=1", "--set", "loss.debias_tau_plus=0.1"},
      {"--loss", "nt-xent", schedule[0], schedule[1], schedule[2], schedule[3]},
      {"--loss", "swd", "--prior", "sphere", few[0], few[1]},
      {"--loss", "swd", "--prior", "cube", few[0], few[1]},
      {"--loss", "swd", "--prior", "normal", few[0], few[1], quantiles[0], quantiles[1]},
      {"--loss", "sigreg", few[0], few[1]},
      {"--loss", "visreg", few[0], few[1]}};
  for (const Strings& each : all) check_replays(bench, each);
}

TEST_CASE("pretrain on a GPU: replayed steps keep queues and averages as issued ones do, for every objective") {
  const GpuBench bench;
  const Strings bf16{"--precision", "bf16"};
  const std::vector<Strings> all = {{"--objective", "queue", "--set", "queue.size=128"},
                                    {"--objective", "queue", "--set", "queue.size=128", "--set", "queue.symmetric=on",
                                     "--set", "queue.batch_norm_groups=2", bf16[0], bf16[1]},
                                    {"--objective", "byol", "--set", "momentum_encoder.schedule=cosine"},
                                    {"--objective", "byol", bf16[0], bf16[1]},
                                    {"--objective", "supervised", "--set", "supervised.label_smoothing=0.1"},
                                    {"--objective", "supervised", "--bits", "4", "--set", "supervised.labels=bits"},
                                    {"--objective", "vae", "--bits", "3"},
                                    {"--objective", "vae", bf16[0], bf16[1]}};
  for (const Strings& each : all) check_replays(bench, each);
}

TEST_CASE("pretrain on a GPU: replayed steps augment as issued ones do, also when larger images come") {
  const GpuBench bench;
  write_growing_images(bench / "images", 5 * 8);
  const Strings whole{"--data",       "folder:" + (bench / "images").string(),
                      "--shuffle",    "off",
                      "--augment",    "simclr",
                      "--image-size", "40",
                      "--bits",       "2"};
  Strings bf16 = whole;
  bf16.insert(bf16.end(),
              {"--precision", "bf16", "--set", "augment.brightness=add", "--set", "augment.sigma_per_image=on"});
  check_replays(bench, whole);
  check_replays(bench, bf16);
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
    for (const std::string device : {"cpu", "cuda"})
      result(bench.pretrain(arch + device, run_on(device, {"--arch", arch})));
    const std::vector<double> expected = losses(bench / (arch + "cpu")), actual = losses(bench / (arch + "cuda"));
    REQUIRE(actual.size() == expected.size());
    // The first loss has the same weights and crops; then differences grow, because Adam's first steps divide by small
    // moments.
    CHECK(actual.front() == doctest::Approx(expected.front()).epsilon(1e-5));
    CHECK(actual[4] == doctest::Approx(expected[4]).epsilon(1e-2));
    CHECK(actual.back() == doctest::Approx(expected.back()).epsilon(0.1));
  }
}

TEST_CASE("pretrain on a GPU: losses and gradients of the CPU before and after a step of ResNet-18 by LARS") {
  const GpuBench bench;
  for (const std::string device : {"cpu", "cuda"})
    result(bench.pretrain(device, run_on(device, {"--arch", "resnet18", "--optimizer", "lars", "--lr", "1",
                                                  "--batch-size", "4", "--steps", "2", "--epochs", "0"})));
  for (const char* name : {"loss", "grad_norm"}) {
    const std::vector<double> expected = recorded_values(bench / "cpu", name);
    const std::vector<double> actual = recorded_values(bench / "cuda", name);
    REQUIRE(expected.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      CAPTURE(name);
      CAPTURE(i);
      CHECK(std::abs(actual.at(i) - expected[i]) <= 1e-3 * expected[i]);  // values that one step changes by a third
    }
  }
}

TEST_CASE("pretrain on a GPU: additions in any order change no more than rounding does, and concern the device alone") {
  const GpuBench bench;
  const auto run = [&](const std::string& name, const Strings& more) {
    result(bench.pretrain(name, on_gpu(more)));
    return losses(bench / name);
  };
  const std::vector<double> repeated = run("repeatable", {"--precision", "bf16"});
  const std::vector<double> free = run("free", {"--precision", "bf16", "--repeatable", "off"});
  REQUIRE(free.size() == repeated.size());
  CHECK(free.front() == doctest::Approx(repeated.front()).epsilon(5e-3));
  CHECK(free[4] == doctest::Approx(repeated[4]).epsilon(0.1));
#if INTERPRETED
  CHECK(free == repeated);  // only cuDNN, which the interpreter does not have, makes use of that freedom
  CHECK(run("issued", {"--precision", "bf16", "--repeatable", "off", "--cuda-graph", "off"}) == free);
#endif
  run("moved", {"--repeatable", "off"});
  result(bench.pretrain("moved", run_on("cpu", {"--repeatable", "on", "--epochs", "5", "--resume", "auto"})));
  CHECK(losses(bench / "moved").size() == repeated.size() / 4 * 5);
}

TEST_CASE("lineval on a GPU: the CPU's features, and so about its accuracy") {
  const GpuBench bench;
  result(bench.pretrain("run", on_gpu({})));
  const auto evaluate = [&](const std::string& device) {
    return result(GpuBench::lineval({(bench / "run").string(), "--data", "mnist:" + bench.data().string(), "--device",
                                     device, "--batch-size", "16", "--threads", "1", "--report", "off"}));
  };
  const nlohmann::json on_cpu = evaluate("cpu"), on_cuda = evaluate("cuda");
  CHECK(std::abs(on_cuda.at("top1").get<double>() - on_cpu.at("top1").get<double>()) < 0.05);
  CHECK(std::abs(on_cuda.at("knn").get<double>() - on_cpu.at("knn").get<double>()) < 0.05);
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
