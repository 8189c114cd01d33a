#include "apps/evaluation/arguments.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

TEST_CASE("evaluation arguments: learning rates are numbers that f32 holds") {
  const auto rates = [](const std::string& text) { return probe_options({.learning_rates = text}).learning_rates; };
  CHECK(rates("0.1,1,1e38") == std::vector<double>{0.1, 1, 1e38});
  for (const std::string text : {"", "0.1,", "0.1,,1", "fast", "-1", "0", "nan", "inf", "1e999", "1e39", "1e-40"}) {
    CAPTURE(text);
    CHECK(message_of<UsageError>([&] { rates(text); }) ==
          "--learning-rates must be numbers from 1e-37 to 1e+38 with commas between, got '" + text + "'");
  }
}

TEST_CASE("evaluation arguments: results go into the run, beside it for the untrained network, or where --out says") {
  const std::string here = std::filesystem::current_path();
  CHECK(result_directory({.run = "a/run"}) == here + "/a/run/eval");
  CHECK(result_directory({.run = "a/run/"}) == here + "/a/run/eval");
  CHECK(result_directory({.run = ".", .random_init = true}) == here + "-random-init/eval");
  CHECK(result_directory({.run = "a/run", .tap = "layer1"}) == here + "/a/run/eval/layer1");
  CHECK(result_directory({.run = "a/run", .out = "b", .tap = "layer1"}) == "b");
  CHECK(result_directory({.run = "a/run", .out = "b", .random_init = true}) == "b");
}
