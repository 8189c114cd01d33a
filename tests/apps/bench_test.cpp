// `bench`: its line of JSON, and the arguments that it refuses.
#include <doctest/doctest.h>

#include <algorithm>

#include "data/contact_sheet.h"
#include "engine/io/files.h"
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

TEST_CASE("bench: decodes the images of a directory") {
  const ScratchDirectory scratch;
  const engine::Shape shape{24, 40, 3};
  const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shape.elements()), 7);
  create_directory(scratch / "below");
  data::write_png(scratch / "a.png", shape, pixels);
  data::write_png(scratch / "below/b.PNG", shape, pixels);
  engine::atomic_write_file(scratch / "c.txt", "no image");
  const Ended ended = bench({"decode", "--images", scratch.path().string(), "--side", "16", "--threads", "2"});
  const auto line = result(ended);
  CHECK(line.at("images") == 2);
  CHECK(line.at("threads") == 2);
  CHECK(line.at("ms").size() == 3);
  CHECK(line.at("per_second").get<double>() == doctest::Approx(2e3 / line.at("median_ms").get<double>()));
  CHECK(line.at("decode_share").get<double>() + line.at("resize_share").get<double>() == doctest::Approx(1));
  CHECK(line.at("resize_share").get<double>() > 0);
  engine::atomic_write_file(scratch / "d.jpg", "no image");
  const Ended failed = bench({"decode", "--images", scratch.path().string()});
  CHECK(failed.exit_code == 3);
  CHECK(complaint(failed) ==
        "cannot read \"" + (scratch / "d.jpg").string() + "\": neither JPEG nor PNG: the file starts with other bytes");
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
  CHECK(refusal({"decode", "--images", "/nowhere"}).starts_with("--images: there is no directory '/nowhere'"));
  CHECK(refusal({"nt-xent", "--threads", "5000000000"}).starts_with("--threads must be a whole number from 0 to 4096"));
}
