// `pretrain` and `lineval` with --precision.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "engine/io/safetensors.h"
#include "kernels/context.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

const Strings kBf16{"--precision", "bf16"};

bool bf16_works() {
  const bool works = kernels::computes_bf16({});
  if (!works) MESSAGE("[skipped] this processor has neither avx512_bf16 nor amx");
  return works;
}

/// Hides instruction sets from oneDNN in programs that are started while it lives.
class OldProcessor {
 public:
  OldProcessor() { setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE", 1); }
  ~OldProcessor() { unsetenv("ONEDNN_MAX_CPU_ISA"); }
  OldProcessor(const OldProcessor&) = delete;
  OldProcessor& operator=(const OldProcessor&) = delete;
};

}  // namespace

TEST_CASE("pretrain: a precision that the processor does not have is exit 2 and one sentence") {
  const Workbench bench;
  const auto refusal = [&](const char* precision) {
    const Ended ended = bench.pretrain("run", {"--precision", precision});
    CHECK(ended.exit_code == 2);
    CHECK_FALSE(fs::exists(bench / "run"));
    const std::string sentence = complaint(ended);
    return sentence.substr(0, sentence.find(" (see "));
  };
  CHECK(refusal("tf32") == "--precision tf32 is a mode of GPUs; on the CPU use fp32 or bf16");
  CHECK(refusal("fp16") == "--precision must be one of fp32, tf32, bf16, got 'fp16'");
  const OldProcessor old;
  CHECK(refusal("bf16") ==
        "--precision bf16 needs a processor with avx512_bf16 or amx, and this one has neither; use --precision fp32");
}

TEST_CASE("pretrain in bf16: learns as in fp32, and its files look the same") {
  if (!bf16_works()) return;
  const Workbench bench;
  result(bench.pretrain("fp32", {"--epochs", "6", "--log-every", "1"}));
  result(bench.pretrain("bf16", {"--epochs", "6", "--log-every", "1", "--precision", "bf16"}));
  const auto losses = [](const fs::path& run) {
    std::vector<double> values;
    for (const auto& record : metrics(run))
      if (record.at("phase") == "train") values.push_back(record.at("loss"));
    return values;
  };
  const std::vector<double> expected = losses(bench / "fp32"), actual = losses(bench / "bf16");
  REQUIRE(actual.size() == expected.size());
  CHECK(expected.back() < 0.9 * expected.front());  // the loss must have fallen clearly
  CHECK(actual != expected);
  // The first loss differs by the rounding of one forward pass in bf16. Adam's first steps have the same size for any
  // gradient, so later differences grow: only the mean of the curves agrees.
  CHECK(actual.front() == doctest::Approx(expected.front()).epsilon(0.005));
  const auto mean = [](const std::vector<double>& x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  };
  CHECK(mean(actual) == doctest::Approx(mean(expected)).epsilon(0.05));
  const engine::SafetensorsFile ours(latest_checkpoint(bench / "bf16") / "model.safetensors"),
      theirs(latest_checkpoint(bench / "fp32") / "model.safetensors");
  REQUIRE(ours.tensors().size() == theirs.tensors().size());
  bool finer_than_bf16 = false;
  for (const engine::StoredTensor& tensor : theirs.tensors()) {
    const engine::StoredTensor& own = ours.at(tensor.name);
    CHECK(own.type == tensor.type);
    CHECK(own.shape == tensor.shape);
    if (own.type != engine::StoredType::f32) continue;
    std::vector<float> values(own.bytes.size() / sizeof(float));
    std::memcpy(values.data(), own.bytes.data(), own.bytes.size());
    for (const float value : values) finer_than_bf16 |= static_cast<float>(engine::bf16(value)) != value;
  }
  CHECK(finer_than_bf16);
}

TEST_CASE("pretrain in bf16: killed between checkpoints, it resumes to the same bytes") {
  if (!bf16_works()) return;
  const Workbench bench;
  const Strings run{"--epochs", "6", "--precision", "bf16", "--log-every", "1", "--resume", "auto"};
  result(bench.pretrain("whole", run));
  Program program(PRETRAIN, bench.arguments("run", run));
  const auto checkpoint = [&] { return fs::exists(bench / "run/checkpoints/latest"); };
  while (program.running() && !checkpoint()) usleep(200);
  usleep(2000);
  program.send(SIGKILL);
  CHECK(program.wait().signal == SIGKILL);
  result(bench.pretrain("run", run));
  CHECK(same_tensors(bench / "run", bench / "whole"));
  CHECK(recorded(bench / "run") == recorded(bench / "whole"));

  const Ended refused = bench.pretrain("run", {"--resume", "auto", "--precision", "fp32"});
  CHECK(refused.exit_code == 2);
  CHECK(refused.err.find("\n  run.precision: bf16 -> fp32\n") != std::string::npos);
}

TEST_CASE("lineval: evaluates in fp32 what was trained in bf16, or in bf16 when asked") {
  if (!bf16_works()) return;
  const Workbench bench;
  result(bench.pretrain("run", kBf16));
  const auto evaluate = [&](const Strings& more) {
    Strings arguments{(bench / "run").string(), "--epochs", "2", "--batch-size", "64", "--report", "off"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return result(Workbench::lineval(arguments));
  };
  const auto fp32 = evaluate({}), bf16 = evaluate(kBf16);
  CHECK(fp32.at("precision") == "fp32");
  CHECK(bf16.at("precision") == "bf16");
  CHECK(fp32.at("encoder_sha256") == bf16.at("encoder_sha256"));
  CHECK(std::abs(fp32.at("top1").get<double>() - bf16.at("top1").get<double>()) < 0.05);
}
