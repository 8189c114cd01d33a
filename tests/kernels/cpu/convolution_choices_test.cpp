#include "kernels/cpu/convolution_choices.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace kernels;
using cpu::ConvolutionAlgorithm;
using cpu::ConvolutionPass;

namespace {

constexpr Conv2dGeometry kLarge{.n = 64, .h = 28, .w = 28, .c = 64, .k = 64, .r = 3, .s = 3, .stride = 1, .pad = 1};
constexpr Conv2dGeometry kSmall{.n = 2, .h = 8, .w = 8, .c = 3, .k = 4, .r = 3, .s = 3, .stride = 1, .pad = 1};

/// A clock by which one way is faster than all others.
struct FakeClock {
  ConvolutionAlgorithm winner;
  int calls = 0;
  double operator()(ConvolutionAlgorithm algorithm) {
    ++calls;
    return algorithm == winner ? 1.0 : 2.0;
  }
};

}  // namespace

TEST_CASE("convolution choices: what is large is timed once, and the fastest way taken from then on") {
  for (const auto winner : {ConvolutionAlgorithm::direct, ConvolutionAlgorithm::blocked, ConvolutionAlgorithm::lowered,
                            ConvolutionAlgorithm::winograd}) {
    cpu::ConvolutionChoices choices;
    choices.time_new(true);
    FakeClock clock{winner};
    CHECK(choices.choose({kLarge, ConvolutionPass::forward}, std::ref(clock)) == winner);
    const int calls = clock.calls;
    CHECK(calls > 4);
    CHECK(choices.choose({kLarge, ConvolutionPass::forward}, std::ref(clock)) == winner);
    CHECK(clock.calls == calls);
    choices.choose({kLarge, ConvolutionPass::dgrad}, std::ref(clock));  // another problem
    CHECK(clock.calls > calls);
  }
}

TEST_CASE("convolution choices: small problems, and all while timing is off, follow a fixed rule") {
  cpu::ConvolutionChoices choices;
  FakeClock clock{ConvolutionAlgorithm::blocked};
  CHECK(choices.choose({kLarge, ConvolutionPass::forward}, std::ref(clock)) == ConvolutionAlgorithm::winograd);
  choices.time_new(true);
  CHECK(choices.choose({kSmall, ConvolutionPass::forward}, std::ref(clock)) == ConvolutionAlgorithm::direct);
  CHECK(clock.calls == 0);
  CHECK(choices.names().empty());
}

TEST_CASE("convolution choices: earlier choices are taken up by name") {
  cpu::ConvolutionChoices first;
  first.time_new(true);
  FakeClock clock{ConvolutionAlgorithm::blocked};
  first.choose({kLarge, ConvolutionPass::wgrad}, std::ref(clock));
  CHECK(first.names() ==
        std::map<std::string, std::string>{{"conv2d_wgrad x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1", "blocked"}});

  cpu::ConvolutionChoices second;
  second.time_new(true);
  second.restore(first.names());
  FakeClock unused{ConvolutionAlgorithm::direct};
  CHECK(second.choose({kLarge, ConvolutionPass::wgrad}, std::ref(unused)) == ConvolutionAlgorithm::blocked);
  CHECK(unused.calls == 0);

  cpu::ConvolutionChoices third;  // unknown, and one that cannot do it: as if nothing had been timed
  for (const char* unusable : {"guessed", "winograd"}) {
    CAPTURE(unusable);
    Conv2dGeometry strided = kLarge;
    strided.stride = 2;
    third.restore({{"conv2d_wgrad x=64x28x28x64 weight=64x3x3x64 stride=2 pad=1", unusable}});
    CHECK(third.choose({strided, ConvolutionPass::wgrad}, std::ref(unused)) != ConvolutionAlgorithm::winograd);
    CHECK(third.names().empty());
  }
}

TEST_CASE("convolution choices: before something new is timed others are asked, who know better than a timing") {
  cpu::ConvolutionChoices choices;
  choices.time_new(true);
  FakeClock clock{ConvolutionAlgorithm::direct};
  int asked = 0;
  engine::TimedChoices::Names theirs{{"conv2d_wgrad x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1", "blocked"}};
  choices.ask_before_timing([&] {
    ++asked;
    return theirs;
  });
  CHECK(choices.choose({kSmall, ConvolutionPass::wgrad}, std::ref(clock)) == ConvolutionAlgorithm::direct);
  CHECK(asked == 0);  // by the rule
  CHECK(choices.choose({kLarge, ConvolutionPass::wgrad}, std::ref(clock)) == ConvolutionAlgorithm::blocked);
  CHECK(asked == 1);
  CHECK(clock.calls == 0);
  CHECK(choices.names() == theirs);
  theirs.begin()->second = "lowered";  // too late
  CHECK(choices.choose({kLarge, ConvolutionPass::forward}, std::ref(clock)) == ConvolutionAlgorithm::direct);
  CHECK(asked == 2);
  CHECK(clock.calls > 0);
  CHECK(choices.choose({kLarge, ConvolutionPass::wgrad}, std::ref(clock)) == ConvolutionAlgorithm::blocked);
}

TEST_CASE("convolution choices: bf16 is another problem, and never for Winograd") {
  cpu::ConvolutionChoices choices;
  choices.time_new(true);
  FakeClock clock{ConvolutionAlgorithm::winograd};
  CHECK(choices.choose({kLarge, ConvolutionPass::dgrad, engine::Dtype::bf16}, std::ref(clock)) !=
        ConvolutionAlgorithm::winograd);
  CHECK(choices.choose({kLarge, ConvolutionPass::dgrad}, std::ref(clock)) == ConvolutionAlgorithm::winograd);
  CHECK(choices.names().contains("conv2d_dgrad x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1 bf16"));
  CHECK(choices.names().contains("conv2d_dgrad x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1"));
}

TEST_CASE("convolution choices: untimed in bf16, few pixels under many weights are lowered, the rest is direct") {
  cpu::ConvolutionChoices choices;
  FakeClock clock{ConvolutionAlgorithm::blocked};
  constexpr Conv2dGeometry kFewPixels{
      .n = 64, .h = 4, .w = 4, .c = 512, .k = 512, .r = 3, .s = 3, .stride = 1, .pad = 1};
  const auto way = [&](const Conv2dGeometry& g) {
    return choices.choose({g, ConvolutionPass::wgrad, engine::Dtype::bf16}, std::ref(clock));
  };
  CHECK(way(kFewPixels) == ConvolutionAlgorithm::lowered);
  CHECK(way(kLarge) == ConvolutionAlgorithm::direct);
}

TEST_CASE("conv2d: every way that is chosen gives the same result but for rounding") {
  const engine::Context context = make_context({.device = {}, .threads = 2});
  const Conv2dGeometry& g = kLarge;
  const engine::Tensor x = tests::random_tensor(context, {g.n, g.h, g.w, g.c}, 1);
  const engine::Tensor weight = tests::random_tensor(context, {g.k, g.r, g.s, g.c}, 2);
  std::vector<double> expected;
  for (const char* way : {"direct", "blocked", "lowered", "winograd"}) {
    CAPTURE(way);
    const engine::Context on = make_context({.device = {}, .threads = 2});
    restore_choices(on, {{"conv2d_forward x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1", way}});
    const engine::Tensor y = engine::Tensor::empty(context, {g.n, g.p(), g.q(), g.k});
    conv2d_forward(on, {.g = g, .x = x, .weight = weight, .y = y});
    const std::vector<float> values = y.to_host<float>();
    if (expected.empty()) expected.assign(values.begin(), values.end());
    tests::expect_close(values, expected, 1e-6 * static_cast<double>(9 * g.c));
  }
}
