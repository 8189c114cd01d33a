// `bench`: its line of JSON, and the arguments that it refuses.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "data/contact_sheet.h"
#include "engine/io/files.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

Ended bench(Strings arguments, const Strings& environment = {}) {
  const Strings tiny{"--repetitions", "3", "--warmup", "1", "--threads", "1"};
  arguments.insert(arguments.begin(), tiny.begin(), tiny.end());
  return Program(BENCH, arguments, {.environment = environment}).wait();
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

TEST_CASE("bench: several works in one process, and the machine's timings are used and added to") {
  const ScratchDirectory scratch;
  // Its convolutions are just large enough to be timed.
  const std::string network = "resnet18 --batch-size 12 --image-size 64 --repetitions 1 --warmup 1";
  engine::atomic_write_file(scratch / "list", "nt-xent --rows 6 --dim 5\n" + network + "\n");
  const Ended ended = bench({"--works", (scratch / "list").string(), "--plans", "machine"},
                            {"XDG_CACHE_HOME=" + (scratch / "cache").string()});
  CHECK(ended.exit_code == 0);
  std::istringstream lines(ended.out);
  std::vector<nlohmann::json> printed;
  for (std::string line; std::getline(lines, line);) printed.push_back(nlohmann::json::parse(line));
  REQUIRE(printed.size() == 4);
  CHECK(printed[0].at("arguments") == "nt-xent --rows 6 --dim 5");
  CHECK(printed[1].at("work") == "nt-xent forward and backward, 6 rows of 5");
  CHECK_FALSE(printed[1].at("libraries").empty());
  CHECK_FALSE(printed[3].at("choices").empty());
  std::string plans;
  for (const auto& entry : fs::directory_iterator(scratch / "cache/antipode"))
    if (entry.path().extension() == ".json") plans = engine::read_file(entry.path());
  const std::string problem = printed[3].at("choices").begin().key();
  CHECK(plans.find(problem) != std::string::npos);
}

TEST_CASE("bench: kernels are held against what the device does at best") {
  const Ended ended = bench({"kernels", "--kernel", "relu", "--batch-size", "1"});
  const auto line = result(ended);
  CHECK(line.at("copied_bytes_per_s").get<double>() > 0);
  CHECK(line.at("operations_per_s").get<double>() > 0);
  REQUIRE(line.at("kernels").size() == 2);
  const auto& first = line.at("kernels")[0];
  CHECK(first.at("kernel") == "relu_forward");
  CHECK(first.at("bytes") == 2 * 56 * 56 * 64 * 4);
  CHECK(first.at("minimum_ms").get<double>() > 0);
  CHECK(first.at("minimum_ms") <= first.at("median_ms"));
  CHECK(first.at("median_ms") <= first.at("maximum_ms"));
  const double least_ms = first.at("bytes").get<double>() / line.at("copied_bytes_per_s").get<double>() * 1e3;
  CHECK(first.at("percent_of_ceiling").get<double>() ==
        doctest::Approx(100 * least_ms / first.at("median_ms").get<double>()));
  CHECK(ended.err.find("relu_backward") != std::string::npos);
}

TEST_CASE("bench: loads the images of a source") {
  const ScratchDirectory scratch;
  const engine::Shape shape{24, 40, 3};
  const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shape.elements()), 7);
  for (const char* name : {"a.png", "b.png", "c.png", "d.png", "e.png"}) data::write_png(scratch / name, shape, pixels);
  const std::string source = "resize(folder:" + scratch.path().string() + ", size=16)";
  const Ended ended = bench({"load", "--data", source, "--batch-size", "2", "--threads", "2"});
  const auto line = result(ended);
  CHECK(line.at("images") == 4);
  CHECK(line.at("shape") == nlohmann::json{16, 16, 3});
  CHECK(line.at("threads") == 2);
  CHECK(line.at("ms").size() == 3);
  CHECK(ended.err.starts_with("load 10/10 batches  100%"));  // one epoch before, three, and one for the stages
  CHECK(line.at("per_second").get<double>() == doctest::Approx(4e3 / line.at("median_ms").get<double>()));
  CHECK(line.at("processor_ms_per_image").get<double>() > 0);
  double all = 0;
  for (const auto& [stage, share] : line.at("shares").items()) {
    CAPTURE(stage);
    CHECK(share.get<double>() > 0);
    all += share.get<double>();
  }
  CHECK(all == doctest::Approx(1));
  CHECK(line.at("shares").size() == 5);
  engine::atomic_write_file(scratch / "f.jpg", "no image");
  const Ended failed = bench({"load", "--data", source, "--batch-size", "6", "--threads", "1"});
  CHECK(failed.exit_code == 3);
  CHECK(complaint(failed).starts_with("cannot decode " + (scratch / "f.jpg").string() +
                                      ": neither JPEG nor PNG: the file starts with other bytes"));
}

TEST_CASE("bench: makes views of images of any size") {
  const ScratchDirectory scratch;
  const auto write = [&](const char* name, const engine::Shape& shape) {
    data::write_png(scratch / name, shape, std::vector<std::uint8_t>(static_cast<std::size_t>(shape.elements()), 7));
  };
  write("a.png", {24, 40, 3});
  write("b.png", {50, 20, 3});
  write("c.png", {8, 9, 3});
  const std::string source = "folder:" + scratch.path().string();
  const auto timed = [&](const Strings& more) {
    Strings arguments{"views", "--data", source, "--batch-size", "3", "--image-size", "32", "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return bench(arguments);
  };
  const Ended ended = timed({"--workers", "2"});
  const auto line = result(ended);
  CHECK(line.at("augment") == "simclr");
  CHECK(line.at("image_size") == 32);
  CHECK(line.at("workers") == 2);
  CHECK(line.at("images") == 3);
  CHECK(line.at("views") == 6);
  CHECK(line.at("ms").size() == 3);
  CHECK(line.at("per_second").get<double>() == doctest::Approx(6e3 / line.at("median_ms").get<double>()));
  double all = 0;
  for (const auto& [stage, share] : line.at("shares").items()) all += share.get<double>();
  CHECK(all == doctest::Approx(1));
  for (const char* stage : {"read", "decode", "upload", "augment"})
    CHECK(line.at("shares").at(stage).get<double>() > 0);
  CHECK(result(timed({"--views", "1", "--augment", "none"})).at("views") == 3);
}

TEST_CASE("bench: what is wrong is one sentence") {
  const auto refusal = [](const Strings& arguments) {
    const Ended ended = bench(arguments);
    CHECK(ended.exit_code == 2);
    return complaint(ended);
  };
  CHECK(refusal({}).starts_with("say what to time: bench WORK"));
  CHECK(refusal({"resnet"}).starts_with("there is no work 'resnet'; the nearest is resnet18"));
  CHECK(refusal({"kernels", "--kernel", "relu_forwards"})
            .starts_with("no kernel has 'relu_forwards' in its name; the nearest is relu_forward"));
  CHECK(refusal({"kernels", "--profile"}) ==
        "--profile is of steps; bench kernels times every kernel by itself (see `bench --help`)");
  CHECK(refusal({"convn", "--precision", "tf32"}).starts_with("--precision tf32 is a mode of GPUs"));
  CHECK(refusal({"nt-xent", "--rows", "3"}).starts_with("--rows must be even"));
  CHECK(refusal({"load"}).starts_with("bench load needs the images: --data SOURCE"));
  CHECK(refusal({"views"}).starts_with("bench views needs the images: --data SOURCE"));
  CHECK(refusal({"nt-xent", "--threads", "5000000000"}).starts_with("--threads must be a whole number from 0 to 4096"));
}
