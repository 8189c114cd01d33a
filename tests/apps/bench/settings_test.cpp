#include "apps/bench/settings.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/apps/run/capture_stdout.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

BenchSettings parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "bench");
  BenchSettings settings;
  const bool goes_on = parse(static_cast<int>(arguments.size()), arguments.data(), settings);
  CHECK(goes_on);
  return settings;
}

std::string refusal(const std::vector<const char*>& arguments) {
  return message_of<UsageError>([&] { parsed(arguments); });
}

}  // namespace

TEST_CASE("bench settings: flags reach what they are about") {
  const BenchSettings settings = parsed({"convn", "--batch-size", "3", "--precision", "bf16", "--repetitions", "7",
                                         "--device", "cuda:1", "--cuda-graph", "off", "--profile"});
  CHECK(settings.work == "convn");
  CHECK(settings.options.batch_size == 3);
  CHECK(settings.options.activations == engine::Dtype::bf16);
  CHECK(settings.repetitions.timed == 7);
  CHECK(settings.compute.device == engine::Device{engine::DeviceKind::cuda, 1});
  CHECK_FALSE(settings.cuda_graph);
  CHECK(settings.profile);
  CHECK_FALSE(parsed({"convn"}).profile);
}

TEST_CASE("bench settings: what does nothing for this work on this device is refused") {
  CHECK(
      refusal({"convn", "--cuda-graph", "off"}) ==
      "--cuda-graph = off has no effect while --device is cpu: keep its default on, or set --device to cuda or cuda:N");
  CHECK(
      refusal({"convn", "--repeatable", "off"}).starts_with("--repeatable = off has no effect while --device is cpu"));
  CHECK(refusal({"kernels", "--device", "cuda", "--cuda-graph", "off"})
            .starts_with(
                "--cuda-graph = off has no effect while WORK is kernels: keep its default on, or set WORK to convn "));
  CHECK_FALSE(parsed({"kernels", "--device", "cuda", "--repeatable", "off"}).compute.repeatable);
  CHECK(refusal({"load", "--views", "3"}).starts_with("--views = 3 has no effect while WORK is load"));
  CHECK(refusal({"simclr", "--augment", "crop"}).starts_with("--augment = crop has no effect while WORK is simclr"));
  CHECK(parsed({"views", "--workers", "5"}).views.workers == 5);
}

TEST_CASE("bench settings: ranges, and --help with what holds without a flag") {
  CHECK(refusal({"convn", "--image-size", "7"}) == "--image-size must be a whole number from 8 to 4096, got '7'");
  CHECK(refusal({"convn", "--device", "tpu"}) == "--device must be one of cpu, cuda, cuda:N, got 'tpu'");
  CHECK(refusal({}).starts_with("say what to time: bench WORK"));
  const CaptureStdout capture;
  const char* arguments[] = {"bench", "--help"};
  BenchSettings settings;
  CHECK_FALSE(parse(2, arguments, settings));
  const std::string help = capture.text();
  for (const char* part : {"Works:", "resnet18", "Work:", "--rows N", "[4096]", "--kernel NAME", "[all]",
                           "Run:", "--repetitions N", "[10]", "--device cpu|cuda|cuda:N", "--profile  "}) {
    CAPTURE(part);
    CHECK(help.find(part) != std::string::npos);
  }
}
