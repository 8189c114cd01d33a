// Wherever memory runs out, every program says so in one sentence.
#include <doctest/doctest.h>

#include "tests/apps/workbench.h"

using namespace tests;

namespace {

constexpr rlim_t kMegabyte = rlim_t{1} << 20;

/// Fails unless the program succeeded or said in one line why it did not, and what to do.
void check_end(const std::string& name, const Ended& ended) {
  CHECK(ended.signal == 0);
  if (ended.exit_code == 0) return;
  constexpr int kNotLoaded = 127;  // the loader could not load the program's libraries
  CHECK_MESSAGE((ended.exit_code == 1 || ended.exit_code == 2 || ended.exit_code == kNotLoaded), ended.exit_code);
  if (ended.exit_code == kNotLoaded) return;
  const auto found = ended.err.find(name + ": error: ");
  REQUIRE_MESSAGE(found != ended.err.npos, ended.err);
  CHECK_MESSAGE(ended.err.find("; ", found) != ended.err.npos, ended.err);
  CHECK(ended.err.find('\n', found) == ended.err.size() - 1);
}

/// The arguments of two steps of `pretrain`.
Strings train(const Workbench& bench, const std::string& run, const Strings& more) {
  Strings all{"--data", "mnist:" + bench.data().string(), "--out", (bench / run).string(), "--steps", "2", "--report",
              "off"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("memory: whatever the limit of address space, a program ends with its result or a sentence") {
  const Workbench bench(4096);
  result(bench.pretrain("run", {"--threads", "2"}));
  const struct {
    std::string program, name;
    Strings arguments;
  } programs[] = {
      {PRETRAIN, "pretrain", train(bench, "one", {"--batch-size", "4096", "--threads", "1"})},
      {PRETRAIN, "pretrain", train(bench, "two", {"--batch-size", "1024", "--threads", "2"})},
      {PRETRAIN, "pretrain", train(bench, "resnet", {"--arch", "resnet18", "--batch-size", "64", "--threads", "2"})},
      {LINEVAL, "lineval", {(bench / "run").string(), "--epochs", "1"}},
      {BENCH, "bench", {"convn", "--batch-size", "512", "--threads", "2", "--repetitions", "1", "--warmup", "0"}}};
  for (rlim_t megabytes = 60; megabytes <= 900; megabytes += 120) {
    CAPTURE(megabytes);
    for (const auto& [program, name, arguments] : programs) {
      CAPTURE(arguments[1]);
      for (const char* run : {"one", "two", "resnet"}) fs::remove_all(bench / run);
      check_end(name, Program(program, arguments, {.address_space_bytes = megabytes * kMegabyte}).wait());
    }
  }
  // Without the memory limit all of them succeed.
  for (const auto& [program, name, arguments] : programs) {
    CAPTURE(arguments[1]);
    for (const char* run : {"one", "two", "resnet"}) fs::remove_all(bench / run);
    result(Program(program, arguments).wait());
  }
}

TEST_CASE("memory: a batch that does not fit is told one that does, and that one does") {
  const Workbench bench(4096);
  const auto run = [&](const std::string& batch_size) {
    fs::remove_all(bench / "run");
    return Program(PRETRAIN, train(bench, "run", {"--batch-size", batch_size, "--threads", "2"}),
                   {.address_space_bytes = 400 * kMegabyte})
        .wait();
  };
  const Ended large = run("4096");
  CHECK(large.exit_code == 1);
  const std::string flag = "; --batch-size ", end = " would fit\n";
  const auto found = large.err.find(flag);
  REQUIRE_MESSAGE(found != large.err.npos, large.err);
  REQUIRE_MESSAGE(large.err.ends_with(end), large.err);
  const std::string size = large.err.substr(found + flag.size(), large.err.size() - end.size() - found - flag.size());
  CHECK(std::stoi(size) >= 64);
  result(run(size));
}

TEST_CASE("memory: threads that cannot be had are a sentence in every program") {
  const Workbench bench;
  result(bench.pretrain("run", {"--epochs", "1"}));
  const std::string data = "mnist:" + bench.data().string();
  const std::pair<std::string, Strings> programs[] = {
      {PRETRAIN, {"--data", data, "--steps", "1", "--out", (bench / "x").string()}},
      {LINEVAL, {(bench / "run").string()}},
      {BENCH, {"convn"}},
      {REPRODUCE,
       {"randbits-mnist", "--data", data, "--steps", "1", "--set", "train.batch_size=64", "--out",
        (bench / "y").string()}}};
  for (const auto& [program, arguments] : programs) {
    CAPTURE(program);
    const auto refusal = [&, &program = program, &arguments = arguments](const std::string& threads,
                                                                         const Strings& environment) {
      Strings all = arguments;
      all.insert(all.end(), {"--threads", threads});
      const Ended ended =
          Program(program, all, {.address_space_bytes = 3072 * kMegabyte, .environment = environment}).wait();
      CHECK(ended.exit_code == 2);
      return complaint(ended);
    };
    CHECK(refusal("2", {"OMP_STACKSIZE=8G"})
              .starts_with("threads: the system gives 0 of 1 more threads with stacks of 8388608 KiB ("));
    CHECK(refusal("4096", {}).find(" of 4095 more threads with stacks of ") != std::string::npos);
  }
  CHECK_FALSE(fs::exists(bench / "x"));
  // Memory for the signal thread and one loader thread, but not for the other loader threads.
  const Ended loader = bench.pretrain("run2", {"--workers", "256"}, {.address_space_bytes = 1024 * kMegabyte});
  CHECK(loader.exit_code == 1);
  CHECK_MESSAGE(loader.err.find(" of 256 threads (") != std::string::npos, loader.err);
  CHECK(loader.err.find("; use fewer with --workers") != std::string::npos);
}
