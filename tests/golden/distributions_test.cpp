// The distribution terms of losses, compared with PyTorch. Tolerances: a few f32 roundings per term of the longest sum.
#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "losses/sigreg.h"
#include "losses/visreg.h"
#include "tests/golden/fixture.h"
#include "tests/numeric.h"

using namespace engine;
using tests::Fixture;

namespace {

const double kRounding = tests::rounding(Dtype::f32);

/// The step and the number of slices that a case was computed with, and its views.
struct Drawn {
  Drawn(const Fixture& golden, const std::string& prefix)
      : numbers(golden.tensor(prefix + "draw").to_host<std::int32_t>()),
        step(Tensor::from<std::int32_t>(golden.tensor(prefix + "draw").context(), Shape(), {numbers[1]})),
        draw{.seed = static_cast<std::uint64_t>(numbers[0]), .step = step},
        slices(numbers[2]) {}
  std::vector<std::int32_t> numbers;
  Tensor step;
  losses::StepDraw draw;
  std::int64_t slices;
};

}  // namespace

TEST_CASE("golden sigreg: value and gradient, on the directions of a step") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "sigreg");
  for (const int views : {1, 2, 3}) {
    CAPTURE(views);
    const std::string prefix = std::to_string(views) + "/";
    const Drawn drawn(golden, prefix);
    const Tensor z = golden.tensor(prefix + "z").requires_gradient();
    const Tensor loss = losses::sigreg(z, {.slices = drawn.slices, .views = views}, drawn.draw);
    // Means of cosines have errors of a few roundings, and their sum is multiplied by the number of rows.
    const double tolerance = 10 * kRounding * static_cast<double>(z.shape()[0]);
    tests::expect_close({loss.item()}, {golden.tensor(prefix + "loss").item()}, tolerance);
    backward(loss);
    golden.expect_close(z.gradient(), prefix + "dz", tolerance);
  }
}

TEST_CASE("golden visreg: the terms and the gradient, on the directions of a step") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "visreg");
  for (const int views : {1, 2, 3}) {
    CAPTURE(views);
    const std::string prefix = std::to_string(views) + "/";
    const Drawn drawn(golden, prefix);
    const Tensor z = golden.tensor(prefix + "z").requires_gradient();
    const losses::Visreg y = losses::visreg(z, {.slices = drawn.slices, .views = views}, drawn.draw);
    const double tolerance = 10 * kRounding * static_cast<double>(z.shape()[0]);
    golden.expect_close(y.terms, prefix + "terms", tolerance);
    backward(y.loss);
    golden.expect_close(z.gradient(), prefix + "dz", tolerance);
  }
}
