// `bench`: its line of JSON, and what it refuses.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/apps/workbench.h"

using namespace tests;

namespace {

Ended bench(Strings arguments) {
  const Strings tiny{"--repetitions", "3", "--warmup", "1", "--threads", "1"};
  arguments.insert(arguments.begin(), tiny.begin(), tiny.end());
  return Program(BENCH, arguments).wait();
}

}  // namespace

TEST_CASE("bench: one line of JSON with every repetition") {
  const Ended ended = bench({"nt-xent", "--rows", "6", "--dim", "5"});
  const auto line = result(ended);
  CHECK(line.at("work") == "nt-xent forward and backward, 6 rows of 5");
  CHECK(line.at("threads") == 1);
  REQUIRE(line.at("ms").size() == 3);
  std::vector<double> ms = line.at("ms");
  std::sort(ms.begin(), ms.end());
  CHECK(ms[0] > 0);
  CHECK(line.at("median_ms").get<double>() == ms[1]);
  CHECK(line.at("per_second").get<double>() == doctest::Approx(6e3 / ms[1]));
  CHECK(line.at("unit") == "rows");
  CHECK(line.at("peak_bytes").get<std::int64_t>() > 0);
  CHECK(line.contains("choices"));
  CHECK(ended.err.starts_with("nt-xent forward and backward, 6 rows of 5: median "));
}

TEST_CASE("bench: what is wrong is one sentence") {
  const auto refusal = [](const Strings& arguments) {
    const Ended ended = bench(arguments);
    CHECK(ended.exit_code == 2);
    return complaint(ended);
  };
  CHECK(refusal({}).starts_with("say what to time: bench WORK"));
  CHECK(refusal({"resnet"}).starts_with("there is no work 'resnet'; the nearest is resnet18"));
  CHECK(refusal({"convn", "--precision", "tf32"}).starts_with("--precision tf32 is a mode of GPUs"));
  CHECK(refusal({"nt-xent", "--rows", "3"}).starts_with("--rows must be even"));
  CHECK(refusal({"nt-xent", "--threads", "5000000000"}).starts_with("--threads must be a whole number from 0 to 4096"));
}
