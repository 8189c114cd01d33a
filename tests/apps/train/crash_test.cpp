#include "apps/train/crash.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;
namespace fs = std::filesystem;

namespace {

const Crash kCrash{.step = 7, .problem = "it broke", .weights = "the weights before it", .remedy = "lower --lr"};

struct Bench {
  Bench() : directory(arguments()) { directory.begin({.train = "aa", .test = "bb"}); }
  RunArguments arguments() const {
    RunArguments arguments{.layers = {}, .out = (scratch / "run").string(), .resume = "never"};
    arguments.layers.set = {read_set("train.steps=1")};
    return arguments;
  }
  std::string end(const std::function<void(const fs::path&)>& write) {
    return message_of<NonFiniteError>([&] { end_by_crash(directory, kCrash, write); });
  }
  std::string log() const { return engine::read_file(directory.path() / "train.log"); }

  ScratchDirectory scratch;
  RunDirectory directory;
};

}  // namespace

TEST_CASE("crash: the weights are kept, whatever an earlier one has left there") {
  Bench bench;
  const fs::path kept = bench.directory.path() / "crash/step_7";
  fs::create_directories(kept / "old");
  fs::create_directories(kept.string() + ".tmp/half");
  const auto write = [](const fs::path& path) { engine::atomic_write_file(path / "weights", "1"); };
  const std::string message = bench.end(write);
  CHECK(message == "it broke; the weights before it are in " + kept.string() + "; lower --lr");
  CHECK(engine::read_file(kept / "weights") == "1");
  CHECK_FALSE(fs::exists(kept / "old"));
  CHECK_FALSE(fs::exists(kept.string() + ".tmp"));
  CHECK(bench.log().find(message + "\n") != std::string::npos);
}

TEST_CASE("crash: weights that cannot be written do not hide why the run ended") {
  Bench bench;
  const std::string message = bench.end([](const fs::path&) { throw engine::Error("the disk is full"); });
  CHECK(message == "it broke; the weights before it were not kept: the disk is full");
  CHECK(bench.log().find("it broke\n") != std::string::npos);
}
