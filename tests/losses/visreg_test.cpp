#include "losses/visreg.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "kernels/normal_numbers.h"
#include "kernels/unit_directions.h"
#include "tests/losses/step.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;
using losses::StepDraw;
using losses::VisregOptions;
using tests::normal_rows;
using tests::Step;

namespace {

struct Terms {
  double shape, scale, centre;
  double sum() const { return shape + scale + centre; }
};

/// The equations of losses/visreg.h in double, on the directions of the step. `std_rows`: rows whose standard
/// deviations the shape divides by, where they are constants.
Terms define(const Context& context, const std::vector<double>& z, const std::vector<double>& std_rows, std::int64_t d,
             const VisregOptions& options, const StepDraw& draw) {
  const Tensor drawn = Tensor::empty(context, {options.slices, d});
  kernels::unit_directions(context, {.seed = draw.seed, .step = draw.step, .directions = drawn});
  const std::vector<float> directions = drawn.to_host<float>();
  const std::int64_t n = static_cast<std::int64_t>(z.size()) / d / options.views;
  const auto samples = static_cast<double>(n), features = static_cast<double>(d * options.views);
  const auto mean_and_std = [&](const double* first) {
    double mean = 0, squares = 0;
    for (std::int64_t i = 0; i < n; ++i) mean += first[i * d] / samples;
    for (std::int64_t i = 0; i < n; ++i) squares += std::pow(first[i * d] - mean, 2) / samples;
    return std::pair{mean, std::sqrt(squares)};
  };
  Terms terms{};
  for (std::int64_t view = 0; view < options.views; ++view) {
    const double* rows = z.data() + view * n * d;
    std::vector<double> mean, divisor;
    for (std::int64_t j = 0; j < d; ++j) {
      const auto [centre, std] = mean_and_std(rows + j);
      terms.scale += std::pow(1 - std, 2) / features;
      terms.centre += centre * centre / features;
      mean.push_back(centre);
      divisor.push_back(mean_and_std(std_rows.data() + view * n * d + j).second + 1e-4);
    }
    for (std::int64_t m = 0; m < options.slices; ++m) {
      std::vector<double> x(static_cast<std::size_t>(n));
      for (std::int64_t i = 0; i < n * d; ++i) {
        const auto j = static_cast<std::size_t>(i % d);
        x[static_cast<std::size_t>(i / d)] +=
            (rows[i] - mean[j]) / divisor[j] * static_cast<double>(directions[static_cast<std::size_t>(m * d) + j]);
      }
      std::sort(x.begin(), x.end());
      for (std::int64_t i = 0; i < n; ++i) {
        const double quantile = kernels::normal_quantile(static_cast<double>(i + 1) / static_cast<double>(n + 1));
        terms.shape += std::pow(x[static_cast<std::size_t>(i)] - quantile, 2) /
                       (samples * static_cast<double>(options.slices * options.views));
      }
    }
  }
  return terms;
}

std::vector<double> doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

constexpr VisregOptions kOptions[] = {{.slices = 50}, {.slices = 1, .views = 1}, {.slices = 7, .views = 3}};

}  // namespace

TEST_CASE("visreg: the definition's terms, and gradients that match central differences with std held in the shape") {
  const Context context = kernels::make_context();
  for (const VisregOptions& options : kOptions) {
    for (const auto& [n, d] : {std::pair<std::int64_t, std::int64_t>{2, 1}, {7, 3}, {20, 13}}) {
      CAPTURE(&options - kOptions);
      CAPTURE(n);
      CAPTURE(d);
      const Step step(context, 3);
      const std::vector<float> values = normal_rows(options.views * n * d, 1.5f);
      const Tensor z = Tensor::from(context, {options.views * n, d}, values).requires_gradient();
      const losses::Visreg y = losses::visreg(z, options, step);
      const std::vector<double> exact = doubles(values);
      const Terms terms = define(context, exact, exact, d, options, step);
      tests::expect_close(y.terms.to_host<float>(), {terms.shape, terms.scale, terms.centre}, 2e-6);
      tests::expect_close(y.loss.to_host<float>(), {terms.sum()}, 2e-6);

      engine::backward(y.loss);
      const std::vector<float> gradient = z.gradient().to_host<float>();
      const std::size_t stride = std::max<std::size_t>(1, exact.size() / 40);
      for (std::size_t i = 0; i < exact.size(); i += stride) {
        const auto moved = [&](double by) {
          std::vector<double> shifted = exact;
          shifted[i] += by;
          return define(context, shifted, exact, d, options, step).sum();
        };
        CAPTURE(i);
        CHECK(std::abs(gradient[i] - (moved(1e-6) - moved(-1e-6)) / 2e-6) < 1e-5);
      }
    }
  }
}

TEST_CASE(
    "visreg: rows of N(0, I) have a small loss, collapsed, scaled or shifted rows a large one, each by its term") {
  const Context context = kernels::make_context();
  const Step step(context, 0);
  constexpr std::int64_t kN = 1024, kD = 8;
  const auto terms = [&](std::vector<float> rows) {
    return losses::visreg(Tensor::from(context, {kN, kD}, rows), {.slices = 64}, step).terms.to_host<float>();
  };
  for (const float term : terms(normal_rows(kN * kD))) CHECK(term < 0.01);
  const std::vector<float> collapsed = terms(std::vector<float>(kN * kD, 0.5f)), wide = terms(normal_rows(kN * kD, 3));
  CHECK(collapsed[losses::kVisregShape] == doctest::Approx(1).epsilon(0.02));
  CHECK(collapsed[losses::kVisregScale] == 1);
  CHECK(collapsed[losses::kVisregCentre] == 0.25);
  CHECK(wide[losses::kVisregShape] < 0.01);
  CHECK(wide[losses::kVisregScale] == doctest::Approx(4).epsilon(0.1));
}

TEST_CASE("visreg: where rows have almost collapsed, the gradient spreads them, and does not vanish") {
  const Context context = kernels::make_context();
  const Step step(context, 0);
  constexpr std::int64_t kN = 64, kD = 8;
  double length[2];
  for (int i = 0; i < 2; ++i) {
    const std::vector<float> rows = normal_rows(kN * kD, i == 0 ? 1e-5f : 1e-6f);
    const Tensor z = Tensor::from(context, {kN, kD}, rows).requires_gradient();
    engine::backward(losses::visreg(z, {}, step).loss);
    const std::vector<float> gradient = z.gradient().to_host<float>();
    double along = 0, squares = 0;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      along += static_cast<double>(gradient[k]) * rows[k];
      squares += static_cast<double>(gradient[k]) * gradient[k];
    }
    CHECK(along < 0);
    length[i] = std::sqrt(squares);
  }
  CHECK(length[1] > 0.9 * length[0]);  // SIGReg's would be a tenth
  const Tensor z = Tensor::from(context, {kN, kD}, std::vector<float>(kN * kD, 0.5f)).requires_gradient();
  engine::backward(losses::visreg(z, {}, step).loss);
  for (const float value : z.gradient().to_host<float>()) CHECK(std::isfinite(value));
}

TEST_CASE("visreg: bf16 rows are computed in f32, and their gradient is rounded once") {
  const Context context = kernels::make_context();
  const Step step(context, 1);
  const Tensor z = tests::random_tensor(context, {12, 5}, 1, engine::Dtype::bf16).requires_gradient();
  const Tensor wide = Tensor::from(context, {12, 5}, tests::to_floats(z)).requires_gradient();
  const Tensor y = losses::visreg(z, {}, step).loss, expected = losses::visreg(wide, {}, step).loss;
  CHECK(y.item() == expected.item());
  engine::backward(y);
  engine::backward(expected);
  CHECK(z.gradient().dtype() == engine::Dtype::bf16);
  tests::expect_close(tests::to_floats(z.gradient()), doubles(wide.gradient().to_host<float>()),
                      tests::rounding(engine::Dtype::bf16));
}

TEST_CASE("visreg: the same bits twice and without a gradient, another step has other directions, gradients add up") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  const Step step(context, 4), later(context, 5);
  const VisregOptions options{.slices = 300};
  const Tensor rows = tests::random_tensor(context, {100, 24}, 1), z = rows.requires_gradient();
  const Tensor y = losses::visreg(z, options, step).loss;
  CHECK(y.item() == losses::visreg(rows, options, step).loss.item());
  CHECK(y.item() != losses::visreg(rows, options, later).loss.item());
  engine::backward(y);
  const std::vector<float> once = z.gradient().to_host<float>();
  engine::backward(losses::visreg(z, options, step).loss);
  const std::vector<float> twice = z.gradient().to_host<float>();
  for (std::size_t i = 0; i < once.size(); ++i) CHECK(twice[i] == 2 * once[i]);
}

TEST_CASE("visreg: more slices than are kept at a time have the mean of all") {
  const Context context = kernels::make_context();
  const Step step(context, 0);
  constexpr std::int64_t kN = 200'000;  // 41 slices at a time
  std::vector<float> values = normal_rows(kN * 2);
  for (float& value : values) value = value * std::abs(value);
  const Tensor rows = Tensor::from(context, {kN, 2}, values);
  const auto shape = [&](std::int64_t slices) {
    return losses::visreg(rows, {.slices = slices}, step).terms.to_host<float>()[losses::kVisregShape];
  };
  // The first 41 of 45 slices are those of a call for 41; the last four have a mean between the extremes of one slice.
  const double rest = (45.0 * shape(45) - 41.0 * shape(41)) / 4;
  CHECK(shape(41) > 0.05);
  CHECK(rest > 0.02);
  CHECK(rest < 0.5);
}

TEST_CASE("visreg: NaN and infinity in a row make the loss NaN") {
  const Context context = kernels::make_context();
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> values = normal_rows(40);
    values[23] = bad;
    CHECK(std::isnan(losses::visreg(Tensor::from(context, {8, 5}, values), {}, Step(context, 0)).loss.item()));
  }
}

TEST_CASE("visreg: what is wrong is one sentence") {
  const Context context = kernels::make_context();
  const Step step(context, 0);
  const auto refused = [&](engine::Shape shape, const VisregOptions& options) {
    losses::visreg(Tensor::zeros(context, shape), options, step);
  };
  CHECK_THROWS_WITH_AS(
      refused({2, 3}, {}),
      "visreg: z must be [views n, d] with n at least 2, the rows of each view below the last's, got [2,3] for 2 views",
      engine::Error);
  CHECK_THROWS_AS(refused({5, 3}, {}), engine::Error);
  CHECK_THROWS_AS(refused({4, 0}, {}), engine::Error);
  CHECK_THROWS_AS(refused({4}, {}), engine::Error);
  CHECK_THROWS_AS(refused({4, 2}, {.views = 0}), engine::Error);
  CHECK_THROWS_WITH_AS(refused({4, 2}, {.slices = 0}), "visreg: the number of slices must be at least 1, got 0",
                       engine::Error);
}
