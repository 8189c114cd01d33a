#include "losses/sigreg.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "kernels/epps_pulley.h"
#include "kernels/linear.h"
#include "kernels/reduce.h"
#include "kernels/unit_directions.h"
#include "losses/random_slices.h"
#include "tests/losses/step.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;
using losses::SigregOptions;
using losses::StepDraw;
using tests::normal_rows;
using tests::Step;

namespace {

/// The equation of losses/sigreg.h in double, on the directions of the step.
double define(const Context& context, const std::vector<float>& z, std::int64_t d, const SigregOptions& options,
              const StepDraw& draw) {
  const Tensor drawn = Tensor::empty(context, {options.slices, d});
  kernels::unit_directions(context, {.seed = draw.seed, .step = draw.step, .directions = drawn});
  const std::vector<float> directions = drawn.to_host<float>();
  const std::int64_t n = static_cast<std::int64_t>(z.size()) / d / options.views;
  double sum = 0;
  for (std::int64_t m = 0; m < options.slices; ++m) {
    for (std::int64_t view = 0; view < options.views; ++view) {
      std::vector<double> x;
      for (std::int64_t i = 0; i < n; ++i) {
        double projection = 0;
        for (std::int64_t j = 0; j < d; ++j) {
          projection += static_cast<double>(z[static_cast<std::size_t>((view * n + i) * d + j)]) *
                        directions[static_cast<std::size_t>(m * d + j)];
        }
        x.push_back(projection);
      }
      for (int k = 0; k < options.knots; ++k) {
        const double width = static_cast<double>(options.t_max) / (options.knots - 1), t = k * width;
        const double phi = std::exp(-t * t / 2), weight = (k == 0 || k + 1 == options.knots ? 1 : 2) * width;
        const auto samples = static_cast<double>(n);
        double cosine = 0, sine = 0;
        for (const double each : x) cosine += std::cos(t * each) / samples, sine += std::sin(t * each) / samples;
        sum += samples * weight * phi * (std::pow(cosine - phi, 2) + sine * sine);
      }
    }
  }
  return sum / static_cast<double>(options.slices * options.views);
}

const SigregOptions kOptions[] = {
    {.slices = 33},
    {.slices = 1, .views = 1},
    {.slices = 20, .views = 3},
    {.slices = 9, .knots = 2},
    {.slices = 9, .knots = 6, .t_max = 4.5f},
    {.slices = 3, .knots = 65, .t_max = 5},
};

}  // namespace

TEST_CASE("sigreg: the definition's value, and gradients that match central differences, for every option") {
  const Context context = kernels::make_context();
  for (const SigregOptions& options : kOptions) {
    for (const auto& [n, d] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {7, 3}, {20, 13}}) {
      CAPTURE(&options - kOptions);
      CAPTURE(n);
      CAPTURE(d);
      const Step step(context, 3);
      const std::vector<float> values = normal_rows(options.views * n * d);
      const Tensor z = Tensor::from(context, {options.views * n, d}, values);
      tests::expect_close(losses::sigreg(z, options, step).to_host<float>(),
                          {define(context, values, d, options, step)}, 1e-5);
      tests::check_gradients([&](const auto& in) { return losses::sigreg(in[0], options, step); }, {z});
    }
  }
}

TEST_CASE("sigreg: rows of N(0, I) have about 1.05 in any number, collapsed or scaled rows much more") {
  const Context context = kernels::make_context();
  const Step step(context, 0);
  const auto value = [&](std::int64_t n, const std::vector<float>& rows) {
    return losses::sigreg(Tensor::from(context, {n, 16}, rows), {.slices = 256}, step).item();
  };
  for (const std::int64_t n : {64, 1024}) {
    CAPTURE(n);
    CHECK(value(n, normal_rows(n * 16)) == doctest::Approx(1.05).epsilon(0.25));
    CHECK(value(n, normal_rows(n * 16, 2)) > 3);
    // At 0: n / 2 sum_k w_k phi_k (1 - phi_k)^2 for each view.
    CHECK(value(n, std::vector<float>(static_cast<std::size_t>(n * 16))) ==
          doctest::Approx(0.201 * static_cast<double>(n)).epsilon(0.01));
  }
}

TEST_CASE("sigreg: a step down the gradient spreads rows that have almost collapsed") {
  const Context context = kernels::make_context();
  const Step step(context, 0);
  constexpr std::int64_t kN = 64, kD = 8;
  std::vector<float> rows = normal_rows(kN * kD, 1e-3f);
  const Tensor z = Tensor::from(context, {kN, kD}, rows).requires_gradient();
  engine::backward(losses::sigreg(z, {}, step));
  const std::vector<float> gradient = z.gradient().to_host<float>();
  double along = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) along += static_cast<double>(gradient[i]) * rows[i];
  CHECK(along < 0);
}

TEST_CASE("sigreg: bf16 rows are computed in f32, and their gradient is rounded once") {
  const Context context = kernels::make_context();
  const Step step(context, 1);
  const Tensor z = tests::random_tensor(context, {12, 5}, 1, engine::Dtype::bf16).requires_gradient();
  const Tensor wide = Tensor::from(context, {12, 5}, tests::to_floats(z)).requires_gradient();
  const Tensor y = losses::sigreg(z, {}, step), expected = losses::sigreg(wide, {}, step);
  CHECK(y.item() == expected.item());
  engine::backward(y);
  engine::backward(expected);
  CHECK(z.gradient().dtype() == engine::Dtype::bf16);
  const std::vector<float> exact = wide.gradient().to_host<float>();
  tests::expect_close(tests::to_floats(z.gradient()), {exact.begin(), exact.end()},
                      tests::rounding(engine::Dtype::bf16));
}

TEST_CASE("sigreg: the same bits twice and without a gradient, another step has other directions, gradients add up") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  const Step step(context, 4), later(context, 5);
  const Tensor rows = tests::random_tensor(context, {300, 24}, 1), z = rows.requires_gradient(),
               again = rows.requires_gradient();
  const Tensor y = losses::sigreg(z, {}, step);
  CHECK(y.item() == losses::sigreg(again, {}, step).item());
  CHECK(y.item() == losses::sigreg(rows, {}, step).item());
  CHECK(y.item() != losses::sigreg(rows, {}, later).item());
  engine::backward(y);
  engine::backward(losses::sigreg(again, {}, step));
  const std::vector<float> once = z.gradient().to_host<float>();
  CHECK(once == again.gradient().to_host<float>());
  engine::backward(losses::sigreg(z, {}, step));
  const std::vector<float> twice = z.gradient().to_host<float>();
  for (std::size_t i = 0; i < once.size(); ++i) CHECK(twice[i] == 2 * once[i]);
}

TEST_CASE("sigreg: more slices than are kept at a time have the mean and the gradient of all") {
  const Context context = kernels::make_context();
  const Step step(context, 0);
  constexpr std::int64_t kN = 120'000, kD = 2;
  const SigregOptions options{.slices = 150};
  const Tensor rows = Tensor::from(context, {kN, kD}, normal_rows(kN * kD)), z = rows.requires_gradient();
  const StepDraw draw = step;
  CHECK(losses::RandomSlices("sigreg", rows, options.slices, draw).parts() == 3);
  const Tensor y = losses::sigreg(z, options, draw);
  engine::backward(y);

  const Tensor directions = Tensor::empty(context, {options.slices, kD}),
               slices = Tensor::empty(context, {options.slices, kN}),
               statistic = Tensor::empty(context, {options.slices, 2}), mean = Tensor::empty(context, {}),
               gradient = Tensor::empty(context, {kN, kD});
  kernels::unit_directions(context, {.seed = draw.seed, .step = draw.step, .directions = directions});
  kernels::linear_forward(context, {.x = directions, .weight = rows, .bias = {}, .y = slices});
  kernels::epps_pulley(context, {.x = slices,
                                 .groups = 2,
                                 .knots = options.knots,
                                 .t_max = options.t_max,
                                 .statistic = statistic,
                                 .gradient_factor = 1.0f / 300});
  kernels::sum(context, {.x = statistic, .factor = 1.0f / 300, .y = mean});
  kernels::linear_wgrad(context, {.dy = slices, .x = directions, .dweight = {gradient}});
  CHECK(y.item() == doctest::Approx(mean.item()).epsilon(1e-6));
  const std::vector<float> expected = gradient.to_host<float>(), actual = z.gradient().to_host<float>();
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(actual[i]) - expected[i]));
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  CHECK(worst < 1e-5 * largest);
}

TEST_CASE("sigreg: NaN and infinity in a row make the loss NaN") {
  const Context context = kernels::make_context();
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> values = normal_rows(40);
    values[23] = bad;
    CHECK(std::isnan(losses::sigreg(Tensor::from(context, {8, 5}, values), {}, Step(context, 0)).item()));
  }
}

TEST_CASE("sigreg: what is wrong is one sentence") {
  const Context context = kernels::make_context();
  const Step step(context, 0);
  const auto refused = [&](engine::Shape shape, const SigregOptions& options) {
    losses::sigreg(Tensor::zeros(context, shape), options, step);
  };
  CHECK_THROWS_WITH_AS(refused({5, 3}, {}),
                       "sigreg: z must be [views n, d], the rows of each view below the last's, got [5,3] for 2 views",
                       engine::Error);
  CHECK_THROWS_AS(refused({0, 3}, {}), engine::Error);
  CHECK_THROWS_AS(refused({4, 0}, {}), engine::Error);
  CHECK_THROWS_AS(refused({4}, {}), engine::Error);
  CHECK_THROWS_AS(refused({4, 2}, {.views = 0}), engine::Error);
  CHECK_THROWS_WITH_AS(refused({4, 2}, {.slices = 0}), "sigreg: the number of slices must be at least 1, got 0",
                       engine::Error);
  CHECK_THROWS_WITH_AS(refused({4, 2}, {.knots = 1}), "sigreg: the number of knots must be from 2 to 65, got 1",
                       engine::Error);
  CHECK_THROWS_AS(refused({4, 2}, {.knots = 66}), engine::Error);
  CHECK_THROWS_WITH_AS(refused({4, 2}, {.t_max = 0}), "sigreg: t_max must be a number above 0, got 0", engine::Error);
  CHECK_THROWS_AS(refused({4, 2}, {.t_max = INFINITY}), engine::Error);
}
