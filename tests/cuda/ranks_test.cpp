// `pretrain` on several ranks with a GPU each, as a user starts it; with interpreters in place of GPUs and a stand-in
// for NCCL (tests/simt/programs).
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"
#include "tests/ranks/started.h"

using namespace tests;

namespace {

constexpr int kImages = 32;
/// A rate at which rounding errors do not grow much.
const Strings kRun{"--device",    "cuda", "--batch-size", "8",    "--epochs",      "2",  "--log-every", "1",
                   "--optimizer", "sgd",  "--lr",         "1e-5", "--tensorboard", "off"};

Strings command(const Workbench& bench, const std::string& run, const Strings& more) {
  return Strings{PRETRAIN} + bench.arguments(run, kRun + more);
}

Ended pretrain(const Workbench& bench, int ranks, const std::string& run, const Strings& more = {}) {
  return Program(MPIRUN, launch(ranks) + command(bench, run, more)).wait();
}

}  // namespace

TEST_CASE("pretrain on several GPUs: the run of one GPU, with the same bytes whether steps are replayed or issued") {
  const Workbench bench(kImages);
  const Ended one = bench.pretrain("one", kRun);
  const nlohmann::json alone = result(one);
  for (const std::string precision : {"fp32", "bf16"}) {
    CAPTURE(precision);
    for (const std::string graph : {"on", "off"})
      result(pretrain(bench, 2, precision + graph, {"--cuda-graph", graph, "--precision", precision}));
    CHECK(same_tensors(bench / (precision + "on"), bench / (precision + "off")));
    CHECK(recorded(bench / (precision + "on")) == recorded(bench / "one"));
    CHECK(largest_difference(bench / (precision + "on"), bench / (precision + "off"), "loss") == 0);
  }
  CHECK(largest_difference(bench / "fp32on", bench / "one", "loss") < 1e-3);
  CHECK(largest_difference(bench / "fp32on", bench / "one", "grad_norm") < 0.05);
  CHECK(largest_difference(bench / "bf16on", bench / "one", "loss") < 0.2);  // of about 10
  const auto json = nlohmann::json::parse(engine::read_file(bench / "fp32on/env.json"));
  CHECK(json["ranks"] == 2);
}

TEST_CASE("pretrain on several GPUs: TCP in place of MPI, with the same bytes") {
  const Workbench bench(kImages);
  result(pretrain(bench, 2, "mpi"));
  const std::vector<Ended> ended = run_by_tcp(2, PRETRAIN, bench.arguments("tcp", kRun));
  for (const Ended& each : ended) CHECK_MESSAGE(each.exit_code == 0, each.err);
  result(ended[0]);
  CHECK(same_tensors(bench / "tcp", bench / "mpi"));
}

TEST_CASE("pretrain on several GPUs: a run goes on with two of them after one, and with one after two") {
  const Workbench bench(kImages);
  const Strings resumed{"--resume", "auto"};
  result(bench.pretrain("whole", kRun + Strings{"--epochs", "3"}));
  result(bench.pretrain("run", kRun + resumed + Strings{"--epochs", "1"}));
  result(pretrain(bench, 2, "run", resumed + Strings{"--epochs", "2"}));
  result(bench.pretrain("run", kRun + resumed + Strings{"--epochs", "3"}));
  CHECK(largest_difference(bench / "run", bench / "whole", "loss") < 1e-2);
}

TEST_CASE("pretrain on several GPUs: one GPU for all ranks, and ranks without one, are refused") {
  const Workbench bench(kImages);
  const auto refusal = [&](int ranks, const Strings& more) {
    const Ended ended = pretrain(bench, ranks, "run", more);
    CHECK(ended.exit_code == 2);
    const Strings lines = said(ended);
    REQUIRE_MESSAGE(!lines.empty(), ended.err);
    CHECK_FALSE(fs::exists(bench / "run"));
    return lines[0];
  };
  CHECK(refusal(2, {"--device", "cuda:1"})
            .find("pretrain: error: --device cuda:1 names one GPU and does not compute with 2 ranks; use "
                  "--device cuda, with which each rank takes a GPU of its own; CUDA_VISIBLE_DEVICES chooses") !=
        std::string::npos);
  // The interpreter has two devices.
  const std::string third = refusal(4, {});
  CHECK(third.find("pretrain: error: device: rank 2 has no GPU: ") != std::string::npos);
  CHECK(third.find(": start no more ranks on a machine than it has GPUs") != std::string::npos);
}

TEST_CASE("pretrain on several GPUs: a rank that hangs ends all after --rank-timeout, with a sentence") {
  const Workbench bench(kImages);
  Program program(MPIRUN, launch(2) + command(bench, "run", {"--epochs", "2000", "--rank-timeout", "10"}));
  REQUIRE_MESSAGE(wait_for_checkpoint(program, bench / "run"), program.err());
  const pid_t hanging = process_of(program.id(), 1);
  REQUIRE(hanging > 0);
  kill(hanging, SIGSTOP);
  usleep(13'000'000);
  kill(hanging, SIGCONT);  // so that mpirun can end it
  const Ended ended = program.wait();
  CHECK(ended.exit_code == 1);
  const Strings lines = said(ended);
  REQUIRE_MESSAGE(!lines.empty(), ended.err);
  CHECK(lines[0].find("pretrain: error: rank 0 has waited 10 s for ") != std::string::npos);
  CHECK(lines[0].find("what the last checkpoint holds is kept, go on with --resume") != std::string::npos);
}
