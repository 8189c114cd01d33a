// `pretrain` on several ranks, as a user starts it: with mpirun, on this machine.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"
#include "tests/ranks/started.h"

using namespace tests;

namespace {

/// A run that all numbers of ranks from 1 to 4 divide, with a rate at which rounding errors do not grow much.
const Strings kRun{"--batch-size", "48",   "--log-every",   "1",  "--optimizer", "sgd",
                   "--lr",         "1e-5", "--tensorboard", "off"};

Strings command(const Workbench& bench, const std::string& run, const Strings& more) {
  return Strings{PRETRAIN} + bench.arguments(run, kRun + more);
}

Ended pretrain(const Workbench& bench, int ranks, const std::string& run, const Strings& more = {}) {
  return Program(MPIRUN, launch(ranks) + command(bench, run, more)).wait();
}

struct Ending {
  Ended ended;
  double seconds;  // from the signal on
};

/// Starts a long run, waits for its first checkpoint, and sends a signal to a rank, or to mpirun: -1.
Ending run_and_signal(const Workbench& bench, int ranks, int rank, int signal) {
  const std::string before = text_of(bench / "run/checkpoints/latest");
  Program program(MPIRUN, launch(ranks) + command(bench, "run", {"--epochs", "2000", "--resume", "auto"}));
  REQUIRE_MESSAGE(wait_for_checkpoint(program, bench / "run", before), program.err());
  const pid_t process = rank < 0 ? program.id() : process_of(program.id(), rank);
  REQUIRE(process > 0);
  const auto begin = std::chrono::steady_clock::now();
  kill(process, signal);
  Ended ended = program.wait();
  return {std::move(ended), std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
}

}  // namespace

TEST_CASE("pretrain on several ranks: records and results are those of one process, and rank 0 alone writes them") {
  const Workbench bench;
  const nlohmann::json alone = result(bench.pretrain("alone", kRun));
  for (const int ranks : {2, 3, 4}) {
    CAPTURE(ranks);
    const std::string name = std::to_string(ranks);
    const nlohmann::json together = result(pretrain(bench, ranks, name));
    CHECK(together["step"] == alone["step"]);
    CHECK(together["loss"].get<double>() == doctest::Approx(alone["loss"].get<double>()).epsilon(1e-3));
    CHECK(largest_difference(bench / name, bench / "alone", "loss") < 1e-3);
    CHECK(largest_difference(bench / name, bench / "alone", "contrast_acc") < 0.05);  // an image or two of 48
    CHECK(largest_difference(bench / name, bench / "alone", "probe_acc") < 0.05);
    CHECK(largest_difference(bench / name, bench / "alone", "grad_norm") < 0.05);
    CHECK(together["probe_test_accuracy"].get<double>() ==
          doctest::Approx(alone["probe_test_accuracy"].get<double>()).epsilon(0.05));
    CHECK(names(bench / name) == names(bench / "alone"));
    const auto json = nlohmann::json::parse(engine::read_file(bench / name / "env.json"));
    CHECK(json["ranks"] == ranks);
    const auto state = nlohmann::json::parse(engine::read_file(latest_checkpoint(bench / name) / "state.json"));
    CHECK(state["world_size"] == ranks);
  }
}

TEST_CASE("pretrain on several ranks: the same ranks give the same bytes") {
  const Workbench bench;
  for (const char* name : {"first", "second"}) result(pretrain(bench, 2, name, {"--plans", "off", "--epochs", "1"}));
  CHECK(same_tensors(bench / "first", bench / "second"));
}

TEST_CASE("pretrain on several ranks: a run goes on with 4 ranks after 2, and with one after 4") {
  const Workbench bench;
  result(bench.pretrain("whole", kRun + Strings{"--epochs", "3"}));
  const Strings resumed{"--resume", "auto"};
  result(pretrain(bench, 2, "run", resumed + Strings{"--epochs", "1"}));
  result(pretrain(bench, 4, "run", resumed + Strings{"--epochs", "2"}));
  result(bench.pretrain("run", kRun + resumed + Strings{"--epochs", "3"}));
  CHECK(largest_difference(bench / "run", bench / "whole", "loss") < 1e-2);
  const std::string log = engine::read_file(bench / "run/train.log");
  CHECK(log.find("the checkpoint is of 2 ranks, and this is 4 ranks: sums are rounded in another order from here on") !=
        log.npos);
  CHECK(log.find("the checkpoint is of 4 ranks, and this is 1 rank: ") != log.npos);
}

TEST_CASE("pretrain on several ranks: a signal to one of them stops all after the same step, with a checkpoint") {
  const Workbench bench;
  for (const auto& [rank, signal] : {std::pair(1, SIGTERM), std::pair(0, SIGINT), std::pair(-1, SIGUSR1)}) {
    CAPTURE(rank);
    const Ending ending = run_and_signal(bench, 3, rank, signal);
    CHECK_MESSAGE(ending.ended.exit_code == 75, ending.ended.err);
    const Strings lines = said(ending.ended);
    REQUIRE_MESSAGE(lines.size() == 1, ending.ended.err);
    const char* name = signal == SIGTERM ? "SIGTERM" : signal == SIGINT ? "SIGINT" : "SIGUSR1";
    CHECK(lines[0].starts_with("pretrain: stopped by " + std::string(name) + " after step "));
    CHECK_FALSE(has_leftovers(bench / "run"));
    const auto state = nlohmann::json::parse(engine::read_file(latest_checkpoint(bench / "run") / "state.json"));
    CHECK(lines[0].find(" after step " + state["step"].dump() + " of ") != std::string::npos);
  }
}

TEST_CASE("pretrain on several ranks: the end of one ends all, and what was saved is good to go on with") {
  const Workbench bench;
  const Ending ending = run_and_signal(bench, 3, 2, SIGKILL);
  CHECK(ending.ended.exit_code != 0);
  CHECK(ending.seconds < 30);
  CHECK(ending.ended.err.find("exited on signal 9") != std::string::npos);  // mpirun's sentence
  const Ending stopped = run_and_signal(bench, 2, 0, SIGTERM);              // resumed, and stopped again
  CHECK_MESSAGE(stopped.ended.exit_code == 75, stopped.ended.err);
  CHECK(engine::read_file(bench / "run/train.log").find("resumed at step ") != std::string::npos);
}

TEST_CASE("pretrain on several ranks: one that hangs ends all after --rank-timeout, with a sentence") {
  const Workbench bench;
  Program program(MPIRUN, launch(2) + command(bench, "run", {"--epochs", "2000", "--rank-timeout", "2"}));
  REQUIRE_MESSAGE(wait_for_checkpoint(program, bench / "run"), program.err());
  const pid_t hanging = process_of(program.id(), 1);
  REQUIRE(hanging > 0);
  kill(hanging, SIGSTOP);
  usleep(3'500'000);
  kill(hanging, SIGCONT);  // so that mpirun can end it
  const Ended ended = program.wait();
  CHECK(ended.exit_code == 1);
  const Strings lines = said(ended);
  REQUIRE_MESSAGE(!lines.empty(), ended.err);
  CHECK(
      lines[0].starts_with("pretrain: error: rank 0 has waited 2 s for the other 1 rank, of which one ended, "
                           "hangs, or needs longer than --rank-timeout"));
}

TEST_CASE("pretrain on several ranks: numbers that are not finite end all, with one sentence") {
  const Workbench bench;
  const Ended ended = pretrain(bench, 2, "run", {"--lr", "1e30"});
  CHECK_MESSAGE(ended.exit_code == 4, ended.err);
  const Strings lines = said(ended);
  REQUIRE_MESSAGE(lines.size() == 1, ended.err);
  CHECK(fs::exists(bench / "run/crash"));
}

TEST_CASE("pretrain on several ranks: every objective, and losses of slices, as in one process") {
  const Workbench bench;
  for (const Strings& flags : std::initializer_list<Strings>{{"--objective", "queue", "--set", "queue.size=96"},
                                                             {"--objective", "byol"},
                                                             {"--objective", "supervised"},
                                                             {"--objective", "vae"},
                                                             {"--loss", "swd"},
                                                             {"--loss", "sigreg"}}) {
    const std::string name = flags[1];
    CAPTURE(name);
    const nlohmann::json alone = result(bench.pretrain(name + "-alone", kRun + flags)),
                         together = result(pretrain(bench, 2, name + "-two", flags));
    CHECK(together["step"] == alone["step"]);
    const double loss = alone["loss"].get<double>();
    CHECK(together["loss"].get<double>() == doctest::Approx(loss).epsilon(1e-3));
    CHECK(largest_difference(bench / (name + "-two"), bench / (name + "-alone"), "loss") < 1e-3 * std::max(1.0, loss));
  }
}

TEST_CASE("pretrain on several ranks: buckets change no byte, and gradients sent as bf16 are rounded") {
  const Workbench bench;
  const Strings fixed{"--plans", "off", "--epochs", "1"};
  result(pretrain(bench, 2, "usual", fixed));
  result(pretrain(bench, 2, "whole", fixed + Strings{"--set", "run.bucket_mib=0"}));
  CHECK(same_tensors(bench / "whole", bench / "usual"));
  result(pretrain(bench, 2, "bf16", fixed + Strings{"--sent-gradients", "bf16"}));
  const double changed = largest_difference(bench / "bf16", bench / "usual", "grad_norm"),
               norm = metrics(bench / "usual").front()["grad_norm"].get<double>();
  CHECK(changed > 0);
  CHECK(changed < 0.01 * norm);
}

TEST_CASE("pretrain on several ranks: what they cannot compute is refused with one sentence") {
  const Workbench bench;
  const auto refusal = [&](const Strings& arguments) {
    const Ended ended = pretrain(bench, 2, "run", arguments);
    CHECK(ended.exit_code == 2);
    CHECK(ended.out.empty());
    const Strings lines = said(ended);
    REQUIRE_MESSAGE(lines.size() == 1, ended.err);
    CHECK_FALSE(fs::exists(bench / "run"));
    const std::string begin = "pretrain: error: ", end = " (see `pretrain --help`)";
    CHECK(lines[0].starts_with(begin));
    CHECK(lines[0].ends_with(end));
    return lines[0].substr(begin.size(), lines[0].size() - begin.size() - end.size());
  };
  CHECK(refusal({"--batch-size", "49"}) == "--batch-size 49 cannot be divided equally with 2 ranks; give 48 or 50");
  CHECK(refusal({"--loss", "swd", "--set", "loss.slices=1"}) ==
        "the 1 slices of --loss swd are too few, as each rank takes some, with 2 ranks; give --set loss.slices=2 or "
        "more");
  CHECK(refusal({"--batch-size", "48", "--objective", "queue", "--set", "queue.size=96", "--set",
                 "queue.batch_norm_groups=3"}) ==
        "queue.batch_norm_groups 3 cannot be divided equally with 2 ranks; give 2 or 4");
  CHECK(refusal({"--dry-run"}) ==
        "--dry-run, --print-schedule and --dump-views show what one process computes, and 2 were started; leave out "
        "mpirun or srun");
}

TEST_CASE("pretrain on several ranks: ranks that do not compute one run are refused") {
  const Workbench bench;
  const Workbench others(kTrainImages + 64);
  const auto refusal = [&](const Strings& second) {
    const Strings both = launch(1) + command(bench, "run", {}) + Strings{":", "-n", "1"} + second;
    const Ended ended = Program(MPIRUN, both).wait();
    CHECK(ended.exit_code == 2);
    const Strings lines = said(ended);
    REQUIRE_MESSAGE(lines.size() == 1, ended.err);
    return lines[0];
  };
  CHECK(refusal(command(bench, "run", {"--lr", "0.5"}))
            .find("rank 1 has optim.lr = 0.5, and rank 0 has optim.lr = 1e-05: all ranks must compute one run; start "
                  "them with the same arguments, data, build and number of threads") != std::string::npos);
  CHECK(
      refusal(command(bench, "run", {"--threads", "2"})).find("rank 1 has threads = 2, and rank 0 has threads = 1: ") !=
      std::string::npos);
  CHECK(refusal(command(others, "run", {"--data", "mnist:" + bench.data().string() + "/../mnist"}))
            .find("rank 1 has data.source = ") != std::string::npos);
}

TEST_CASE("programs of one process refuse to be started several times") {
  const Ended ended = Program(MPIRUN, launch(2) + Strings{LINEVAL, "nowhere"}).wait();
  CHECK(ended.exit_code == 2);
  const Strings lines = said(ended);
  REQUIRE_MESSAGE(lines.size() == 1, ended.err);
  CHECK(lines[0] ==
        "lineval: error: mpirun started 2 processes of lineval, which computes in one: start it without mpirun "
        "(see `lineval --help`)");
}

TEST_CASE("pretrain that srun started, but that MPI does not know, is refused") {
  const Workbench bench;
  const Ended ended = bench.pretrain("run", {}, {.environment = {"SLURM_PROCID=0", "SLURM_STEP_NUM_TASKS=4"}});
  CHECK(ended.exit_code == 1);
  CHECK(ended.err.find("pretrain: error: srun started this as one of 4 processes, and MPI knows of 1: ") !=
        std::string::npos);
  CHECK_FALSE(fs::exists(bench / "run"));
}

TEST_CASE("pretrain on ranks that TCP connects: the bytes of those that MPI connects") {
  const Workbench bench;
  const Strings more{"--plans", "off", "--epochs", "1"};
  result(pretrain(bench, 2, "mpi", more));
  const std::vector<Ended> ended = run_by_tcp(2, PRETRAIN, bench.arguments("tcp", kRun + more));
  for (const Ended& each : ended) CHECK_MESSAGE(each.exit_code == 0, each.err);
  CHECK(result(ended[0])["step"] == 10);
  CHECK(ended[1].out.empty());
  CHECK(same_tensors(bench / "tcp", bench / "mpi"));
}

TEST_CASE("pretrain on ranks that TCP connects: what ends one ends all") {
  const Workbench bench;
  const std::vector<Ended> refused =
      run_by_tcp(2, PRETRAIN, bench.arguments("run", kRun + Strings{"--batch-size", "49"}));
  CHECK(refused[0].exit_code == 2);
  CHECK(refused[1].exit_code == 2);
  const Ended port =
      bench.pretrain("run", kRun, {.environment = {"RANK=0", "WORLD_SIZE=2", "MASTER_ADDR=here", "MASTER_PORT=many"}});
  CHECK(port.exit_code == 1);
  CHECK(complaint(port) == "MASTER_PORT must be a port of here, 1 to 65534, the same for all ranks");
  CHECK_FALSE(fs::exists(bench / "run"));
}
