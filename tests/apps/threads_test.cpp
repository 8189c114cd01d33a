// The number of computing threads is the one that is reported, whatever the environment says, and no program hangs.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

/// Waits for the end of a program and kills it after a time limit: one that waits for missing threads hangs.
Ended end_in_time(Program& program) {
  constexpr int kSeconds = 120, kPerSecond = 100;
  for (int i = 0; i < kSeconds * kPerSecond && program.running(); ++i) usleep(1'000'000 / kPerSecond);
  program.send(SIGKILL);
  return program.wait();
}

Ended run(const std::string& path, const Strings& arguments, const Program::Options& options) {
  Program program(path, arguments, options);
  return end_in_time(program);
}

/// The contents of a file in /proc, which reports no size.
std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

int threads_of(const fs::path& run) {
  return nlohmann::json::parse(engine::read_file(run / "env.json")).at("threads").get<int>();
}

}  // namespace

TEST_CASE("threads: where OpenMP allows fewer than asked for, the run computes with those and says so") {
  const Workbench bench;
  for (const char* variable : {"OMP_THREAD_LIMIT=1", "OMP_MAX_ACTIVE_LEVELS=0"}) {
    CAPTURE(variable);
    const std::string name = std::string(variable).substr(4, 3);
    const Ended ended = run(PRETRAIN, bench.arguments(name, {"--threads", "2"}), {.environment = {variable}});
    result(ended);
    CHECK(has(ended.err,
              "pretrain: warning: 1 thread, where 2 would be as run.threads says: OMP_THREAD_LIMIT or "
              "OMP_MAX_ACTIVE_LEVELS allows no more; results depend on it\n"));
    CHECK(has(engine::read_file(bench / name / "train.log"), "1 thread, where 2 would be as run.threads says"));
    CHECK(threads_of(bench / name) == 1);
    const Ended evaluated =
        run(LINEVAL, {(bench / name).string(), "--epochs", "1", "--batch-size", "64"}, {.environment = {variable}});
    result(evaluated);
    CHECK(has(evaluated.err, "lineval: warning: 1 thread, where 2 would be"));
  }
  const Ended timed =
      run(BENCH, {"convn", "--batch-size", "8", "--repetitions", "1", "--warmup", "0", "--threads", "2"},
          {.environment = {"OMP_THREAD_LIMIT=1"}});
  CHECK(result(timed).at("threads") == 1);
  CHECK(has(timed.err, "bench: warning: 1 thread, where 2 would be"));
  result(run(PRETRAIN, bench.arguments("one", {"--threads", "1"}), {}));
  CHECK(same_tensors(bench / "THR", bench / "one"));
}

TEST_CASE("threads: a dynamic team is as large as it was asked for") {
  const Workbench bench;
  // With one processor, a dynamic team would have one thread.
  const Ended ended = run(PRETRAIN, bench.arguments("run", {"--threads", "2"}),
                          {.one_processor = true, .environment = {"OMP_DYNAMIC=true"}});
  result(ended);
  CHECK(threads_of(bench / "run") == 2);
  CHECK_FALSE(has(ended.err, "warning"));
}

TEST_CASE("threads: a run of two goes on with two, and not with the one that OpenMP would give it") {
  const Workbench bench;
  result(bench.pretrain("run", {"--threads", "2", "--epochs", "1"}));
  const Strings more = bench.arguments("run", {"--threads", "2", "--epochs", "2", "--resume", "auto"});
  const Ended refused = run(PRETRAIN, more, {.environment = {"OMP_THREAD_LIMIT=1"}});
  CHECK(refused.exit_code == 2);
  CHECK(has(refused.err,
            "pretrain: error: the run was computed with --threads 2; with 1 thread its results would differ"));
  result(run(PRETRAIN, more, {}));
}

TEST_CASE("threads: the default follows OMP_NUM_THREADS and SLURM_CPUS_PER_TASK, and train.log says what was taken") {
  const Workbench bench;
  const auto log = [&](const std::string& name, const Strings& environment) {
    result(run(PRETRAIN, bench.arguments(name, {"--threads", "0", "--epochs", "1"}), {.environment = environment}));
    return engine::read_file(bench / name / "train.log");
  };
  CHECK(has(log("omp", {"OMP_NUM_THREADS=3", "SLURM_CPUS_PER_TASK=1"}), "3 threads, as OMP_NUM_THREADS says\n"));
  CHECK(threads_of(bench / "omp") == 3);
  const std::string slurm = log("slurm", {"OMP_NUM_THREADS=", "SLURM_CPUS_PER_TASK=1"});
  CHECK(threads_of(bench / "slurm") == 1);
  CHECK(has(slurm, "1 thread, "));
  CHECK(has(log("limited", {"OMP_NUM_THREADS=3", "OMP_THREAD_LIMIT=2"}),
            "2 threads, where 3 would be as OMP_NUM_THREADS says: "));
  CHECK(threads_of(bench / "limited") == 2);
  const Ended resumed = run(PRETRAIN, bench.arguments("omp", {"--threads", "0", "--epochs", "2", "--resume", "auto"}),
                            {.environment = {"OMP_NUM_THREADS=1"}});
  result(resumed);
  CHECK(threads_of(bench / "omp") == 3);
  CHECK(has(engine::read_file(bench / "omp/train.log"), "3 threads, as the run began with\n"));
}

TEST_CASE("threads: binding them to processors leaves the process all of its processors") {
  const Workbench bench;
  const auto processors = [&](const std::string& name, const Strings& environment) {
    result(run(PRETRAIN, bench.arguments(name, {"--epochs", "1"}), {.environment = environment}));
    return nlohmann::json::parse(engine::read_file(bench / name / "env.json")).at("cpu").at("usable_processors");
  };
  const auto all = processors("free", {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"});
  CHECK(processors("bound", {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_PROC_BIND=true"}) == all);
  CHECK(processors("placed", {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_PLACES=threads"}) == all);
  CHECK(processors("waiting", {"OMP_WAIT_POLICY=passive", "GOMP_SPINCOUNT", "OMP_PROC_BIND=true"}) == all);
}

TEST_CASE("threads: numbers and stacks that cannot be had are sentences in every program") {
  const Workbench bench;
  result(bench.pretrain("run", {"--epochs", "1"}));
  const struct {
    std::string program, name;
    Strings arguments;
  } programs[] = {{PRETRAIN,
                   "pretrain",
                   {"--data", "mnist:" + bench.data().string(), "--steps", "1", "--out", (bench / "x").string()}},
                  {LINEVAL, "lineval", {(bench / "run").string()}},
                  {BENCH, "bench", {"convn"}},
                  {KMEANS, "kmeans", {(bench / "run").string()}},
                  {REPRODUCE,
                   "reproduce",
                   {"randbits-mnist", "--data", "mnist:" + bench.data().string(), "--steps", "1", "--set",
                    "train.batch_size=64", "--out", (bench / "y").string()}}};
  for (const auto& [program, name, arguments] : programs) {
    CAPTURE(name);
    const auto refusal = [&, &program = program, &arguments = arguments](const std::string& threads,
                                                                         const Program::Options& options) {
      Strings all = arguments;
      all.insert(all.end(), {"--threads", threads});
      const Ended ended = run(program, all, options);
      CHECK(ended.exit_code == 2);
      return complaint(ended);
    };
    for (const char* number : {"4294967297", "4097", "-1", "99999999999999999999"})
      CHECK(refusal(number, {}).starts_with("--threads must be a whole number from 0 to 4096, got "));
    CHECK(refusal("2", {.environment = {"OMP_STACKSIZE=32k"}})
              .starts_with("threads: each would have a stack of 32 KiB, and kernels need 256; unset OMP_STACKSIZE"));
  }
  CHECK_FALSE(fs::exists(bench / "x"));
}

TEST_CASE("threads: those that wait go to sleep soon, unless the user has said how they wait") {
  const Workbench bench;
  const auto variables = [&](const std::string& name, const Strings& environment) {
    Program program(PRETRAIN, bench.arguments(name, {"--epochs", "10000"}), {.environment = environment});
    while (program.running() && !fs::exists(bench / name / "metrics.jsonl")) usleep(1000);
    const fs::path process = fs::path("/proc") / std::to_string(program.id());
    const std::string text = contents(process / "environ");
    // It is the same process, with its own name and arguments.
    CHECK(contents(process / "comm") == "pretrain\n");
    CHECK(contents(process / "cmdline").find(std::string("\0--data\0mnist:", 14)) != std::string::npos);
    program.send(SIGTERM);
    CHECK(end_in_time(program).exit_code == 75);
    return '\0' + text;
  };
  const std::string bounded = variables("bounded", {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"});
  CHECK(has(bounded, std::string("\0GOMP_SPINCOUNT=1000\0", 21)));
  CHECK_FALSE(has(variables("active", {"OMP_WAIT_POLICY=active", "GOMP_SPINCOUNT"}), "GOMP_SPINCOUNT"));
  CHECK(has(variables("own", {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT=5"}), std::string("\0GOMP_SPINCOUNT=5\0", 18)));
}
