#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"

// If output that was asked for cannot be written, the program fails; closed standard streams do no harm to files.

using namespace tests;

TEST_CASE("output: text that a full disk does not take is no success") {
  const Program::Options full{.standard_output = "/dev/full"};
  const auto fails = [&](const std::string& program, const Strings& arguments) {
    INFO(program, " ", arguments.empty() ? "" : arguments.back());
    const Ended ended = Program(program, arguments, full).wait();
    CHECK(ended.exit_code == 1);
    CHECK(ended.err.ends_with("error: cannot write to standard output: No space left on device\n"));
  };
  for (const char* program : {PRETRAIN, LINEVAL, REPRODUCE, BENCH, PACK}) fails(program, {"--help"});
  for (const char* flag : {"--print-config", "--print-schedule", "--dry-run"})
    fails(PRETRAIN, {"--recipe", "demo", flag});
  fails(PRETRAIN, {"--help-config"});
  fails(REPRODUCE, {"randbits-mnist", "--dry-run"});
  fails(BENCH, {"batch-norm", "--batch-size", "2", "--repetitions", "1"});
}

TEST_CASE("output: a result line that a full disk does not take is no success, and the run is whole") {
  const Workbench bench;
  const Ended full = bench.pretrain("run", {}, {.standard_output = "/dev/full"});
  CHECK(full.exit_code == 1);
  CHECK(full.err.find("cannot write to standard output") != std::string::npos);
  CHECK(fs::exists(bench / "run" / "result.json"));
  CHECK(bench.pretrain("run", {"--resume", "auto"}).exit_code == 0);
}

TEST_CASE("output: with the standard streams closed nothing is written into the run's files") {
  const Workbench bench;
  CHECK(bench.pretrain("run", {}, {.without_streams = true}).exit_code == 0);
  for (const char* file : {"lock", "train.log"}) {
    const std::string text = engine::read_file(bench / "run" / file);
    CHECK(text.find("run directory") == std::string::npos);
    CHECK(text.find('{') == std::string::npos);
  }
}
