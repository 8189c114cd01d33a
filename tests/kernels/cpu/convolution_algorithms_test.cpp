#include "kernels/cpu/convolution_algorithms.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace kernels;
using cpu::ConvolutionAlgorithm;
using cpu::ConvolutionPass;

namespace {

constexpr Conv2dGeometry kLarge{.n = 64, .h = 28, .w = 28, .c = 64, .k = 64, .r = 3, .s = 3, .stride = 1, .pad = 1};
constexpr Conv2dGeometry kSmall{.n = 2, .h = 8, .w = 8, .c = 3, .k = 4, .r = 3, .s = 3, .stride = 1, .pad = 1};

/// A context's algorithms, with a clock that makes one of them the fastest.
struct Chooser {
  engine::AlgorithmCache cache;
  cpu::ConvolutionAlgorithms algorithms;
  ConvolutionAlgorithm winner;
  int timings = 0;

  explicit Chooser(ConvolutionAlgorithm fastest, bool times_new = true) : winner(fastest) { cache.time_new(times_new); }
  ConvolutionAlgorithm choose(const Conv2dGeometry& g, ConvolutionPass pass, engine::Dtype dtype = engine::Dtype::f32) {
    return algorithms.choose(cache, {g, pass, dtype}, [this](ConvolutionAlgorithm algorithm) {
      ++timings;
      return algorithm == winner ? 1.0 : 2.0;
    });
  }
};

}  // namespace

TEST_CASE("convolution algorithms: a large problem is timed once, and the fastest is chosen from then on") {
  for (const auto winner : {ConvolutionAlgorithm::direct, ConvolutionAlgorithm::blocked, ConvolutionAlgorithm::lowered,
                            ConvolutionAlgorithm::winograd}) {
    Chooser chooser(winner);
    CHECK(chooser.choose(kLarge, ConvolutionPass::forward) == winner);
    const int timings = chooser.timings;
    CHECK(timings > 4);
    CHECK(chooser.choose(kLarge, ConvolutionPass::forward) == winner);
    CHECK(chooser.timings == timings);
    chooser.choose(kLarge, ConvolutionPass::dgrad);  // another problem
    CHECK(chooser.timings > timings);
  }
}

TEST_CASE("convolution algorithms: small problems, and all while timing is off, follow a fixed rule") {
  Chooser chooser(ConvolutionAlgorithm::blocked, false);
  CHECK(chooser.choose(kLarge, ConvolutionPass::forward) == ConvolutionAlgorithm::winograd);
  chooser.cache.time_new(true);
  CHECK(chooser.choose(kSmall, ConvolutionPass::forward) == ConvolutionAlgorithm::direct);
  CHECK(chooser.timings == 0);
  CHECK(chooser.cache.used().empty());
}

TEST_CASE("convolution algorithms: earlier timings are taken up by name") {
  Chooser first(ConvolutionAlgorithm::blocked);
  first.choose(kLarge, ConvolutionPass::wgrad);
  CHECK(first.cache.used() ==
        engine::AlgorithmCache::Names{{"conv2d_wgrad x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1", "blocked"}});

  Chooser second(ConvolutionAlgorithm::direct);
  second.cache.restore(first.cache.used());
  CHECK(second.choose(kLarge, ConvolutionPass::wgrad) == ConvolutionAlgorithm::blocked);
  CHECK(second.timings == 0);
  second.cache.restore({{"conv2d_wgrad x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1", "lowered"}});
  CHECK(second.choose(kLarge, ConvolutionPass::wgrad) == ConvolutionAlgorithm::lowered);  // earlier choices are dropped

  Chooser third(ConvolutionAlgorithm::direct, false);
  for (const char* unusable : {"guessed", "winograd"}) {  // an unknown name, and one that cannot compute this problem
    CAPTURE(unusable);
    Conv2dGeometry strided = kLarge;
    strided.stride = 2;
    third.cache.restore({{"conv2d_wgrad x=64x28x28x64 weight=64x3x3x64 stride=2 pad=1", unusable}});
    CHECK(third.choose(strided, ConvolutionPass::wgrad) != ConvolutionAlgorithm::winograd);
    CHECK(third.cache.used().empty());
  }
}

TEST_CASE("convolution algorithms: bf16 is another problem, and never for Winograd") {
  Chooser chooser(ConvolutionAlgorithm::winograd);
  CHECK(chooser.choose(kLarge, ConvolutionPass::dgrad, engine::Dtype::bf16) != ConvolutionAlgorithm::winograd);
  CHECK(chooser.choose(kLarge, ConvolutionPass::dgrad) == ConvolutionAlgorithm::winograd);
  CHECK(chooser.cache.used().contains("conv2d_dgrad x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1 bf16"));
  CHECK(chooser.cache.used().contains("conv2d_dgrad x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1"));
}

TEST_CASE("convolution algorithms: untimed in bf16, few pixels under many weights are lowered, the rest is direct") {
  Chooser chooser(ConvolutionAlgorithm::blocked, false);
  constexpr Conv2dGeometry kFewPixels{
      .n = 64, .h = 4, .w = 4, .c = 512, .k = 512, .r = 3, .s = 3, .stride = 1, .pad = 1};
  CHECK(chooser.choose(kFewPixels, ConvolutionPass::wgrad, engine::Dtype::bf16) == ConvolutionAlgorithm::lowered);
  CHECK(chooser.choose(kLarge, ConvolutionPass::wgrad, engine::Dtype::bf16) == ConvolutionAlgorithm::direct);
}

TEST_CASE("conv2d: every algorithm gives the same result but for rounding") {
  const engine::Context context = make_context({.device = {}, .threads = 2});
  const Conv2dGeometry& g = kLarge;
  const engine::Tensor x = tests::random_tensor(context, {g.n, g.h, g.w, g.c}, 1);
  const engine::Tensor weight = tests::random_tensor(context, {g.k, g.r, g.s, g.c}, 2);
  std::vector<double> expected;
  for (const char* algorithm : {"direct", "blocked", "lowered", "winograd"}) {
    CAPTURE(algorithm);
    const engine::Context on = make_context({.device = {}, .threads = 2});
    on.algorithms().restore({{"conv2d_forward x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1", algorithm}});
    const engine::Tensor y = engine::Tensor::empty(context, {g.n, g.p(), g.q(), g.k});
    conv2d_forward(on, {.g = g, .x = x, .weight = weight, .y = y});
    const std::vector<float> values = y.to_host<float>();
    if (expected.empty()) expected.assign(values.begin(), values.end());
    tests::expect_close(values, expected, 1e-6 * static_cast<double>(9 * g.c));
  }
}
