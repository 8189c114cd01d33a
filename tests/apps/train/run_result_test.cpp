#include "apps/train/run_result.h"

#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "kernels/context.h"
#include "tests/apps/tiny_mnist.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

TEST_CASE("run result: what a program prints is kept, and a process that found nothing to do does not overwrite it") {
  const ScratchDirectory scratch;
  tests::write_tiny_mnist(scratch / "mnist");
  RunArguments arguments{.layers = {}, .out = (scratch / "run").string(), .resume = "never"};
  arguments.layers.set = {read_set("train.steps=1"), read_set("train.batch_size=8"),
                          read_set("data.source=mnist:" + (scratch / "mnist").string())};
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  RunDirectory directory(arguments);
  directory.begin({.train = "aa", .test = "bb"});
  const Trainer trainer(context, directory.config());
  CHECK_FALSE(read_result(directory.path()));
  const std::string line =
      write_result(directory, trainer, {.loss = 2.5, .test_accuracy = 0.25, .effective_rank = 8.5, .seconds = 4});
  CHECK(line == "{\"run\":\"" + directory.path().string() +
                    "\",\"step\":0,\"loss\":2.5,\"probe_test_accuracy\":0.25,\"effective_rank\":8.5,\"seconds\":4.0}");
  CHECK(read_result(directory.path())->step == 0);
  CHECK(read_result(directory.path())->probe_test_accuracy == 0.25);
  write_result(directory, trainer, {.loss = {}, .test_accuracy = 0.25, .effective_rank = 8.5, .seconds = 0});
  CHECK(engine::read_file(directory.path() / "result.json") ==
        "{\"step\":0,\"loss\":2.5,\"probe_test_accuracy\":0.25,\"effective_rank\":8.5,\"seconds\":4.0}\n");
}

TEST_CASE("run result: what the online probes said at the end, by name") {
  const ScratchDirectory scratch;
  CHECK_FALSE(online_accuracy(scratch.path(), 7, "probe"));
  engine::atomic_write_file(scratch / "result.json",
                            R"({"step":7,"probe_test_accuracy":0.5,"test_probe_group3_digit_acc":0.25})");
  CHECK(online_accuracy(scratch.path(), 7, "probe") == 0.5);
  CHECK(online_accuracy(scratch.path(), 7, "probe.group3.digit") == 0.25);
  CHECK_FALSE(online_accuracy(scratch.path(), 7, "probe.digit"));
  CHECK_FALSE(online_accuracy(scratch.path(), 6, "probe"));  // other weights
  engine::atomic_write_file(scratch / "result.json", "[");
  CHECK_FALSE(online_accuracy(scratch.path(), 7, "probe"));
}

TEST_CASE("run result: a file that is no result is refused in a sentence") {
  const ScratchDirectory scratch;
  const auto path = scratch / "result.json";
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string(R"({"step":1.5,"probe_test_accuracy":1})"),
        std::string(R"({"step":1,"probe_test_accuracy":"1"})"), std::string(1'000'000, '[')}) {
    CAPTURE(text.substr(0, 50));
    engine::atomic_write_file(path, text);
    CHECK(message_of<engine::DataError>([&] { read_result(scratch.path()); }) ==
          path.string() + " is not the result of a run; remove it and resume the run");
  }
}
