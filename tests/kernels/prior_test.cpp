#include "kernels/prior.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/context.h"
#include "kernels/normal_numbers.h"
#include "kernels/runtime/philox.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;
using kernels::Prior;

namespace {

std::vector<float> drawn(const Context& context, Prior prior, float scale, std::int64_t n, std::int64_t d,
                         std::int32_t step = 5) {
  const tests::GuardedTensor rows(context, {n, d});
  const Tensor at = Tensor::from<std::int32_t>(context, {1}, {step});
  kernels::draw_prior(context, {.seed = 11, .step = at, .prior = prior, .scale = scale, .rows = rows});
  return rows.checked().to_host<float>();
}

}  // namespace

TEST_CASE("draw_prior: the numbers of each row's stream, by the formulas in double") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  for (const std::int64_t d : {1, 2, 3, 4, 7, 64, 129}) {
    CAPTURE(d);
    constexpr std::int64_t kRows = 6;
    const std::vector<float> normal = drawn(context, Prior::normal, 2, kRows, d),
                             sphere = drawn(context, Prior::sphere, 2, kRows, d),
                             cube = drawn(context, Prior::cube, 0.5f, kRows, d);
    std::vector<double> normals, directions, uniform;
    for (std::int64_t i = 0; i < kRows; ++i) {
      engine::Philox random(11, engine::Purpose::prior, 0, static_cast<std::uint64_t>(5 * kRows + i));
      engine::Philox words = random;
      std::vector<double> g;
      for (std::int64_t j = 0; j < d; ++j) {
        uniform.push_back(0.5 * ((static_cast<std::int32_t>(words.next()) + 0.5) * 0x1p-31));
        if (j % 2 == 1) continue;
        // As the kernel rounds it: the logarithm is sensitive to its argument.
        const float u = static_cast<float>(random.next()) * 0x1p-32f + 0x1p-33f;
        const double length = std::sqrt(-2 * std::log(static_cast<double>(u)));
        const double angle = 2 * std::numbers::pi * (random.next() * 0x1p-32);
        g.push_back(length * std::cos(angle));
        if (j + 1 < d) g.push_back(length * std::sin(angle));
      }
      double squares = 0;
      for (const double x : g) squares += x * x;
      for (const double x : g) {
        normals.push_back(2 * x);
        directions.push_back(x / std::sqrt(squares));
      }
    }
    tests::expect_close(normal, normals, 2e-6);
    tests::expect_close(cube, uniform, 1e-7);
    if (d > 1) tests::expect_close(sphere, directions, 2e-6);
    if (d == 1) {
      for (const float x : sphere) CHECK(std::abs(x) == 1);
    }
  }
}

TEST_CASE("draw_prior: moments, other steps are independent, threads change nothing") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  constexpr std::int64_t kN = 20000, kD = 8;
  const struct {
    Prior prior;
    float scale;
    double variance, kurtosis;  // of an element; the fourth moment over the squared variance
  } cases[] = {
      {Prior::normal, 3, 9, 3}, {Prior::cube, 2, 4.0 / 3, 9.0 / 5}, {Prior::sphere, 9, 1.0 / kD, 3.0 * kD / (kD + 2)}};
  for (const auto& [prior, scale, variance, kurtosis] : cases) {
    const std::vector<float> rows = drawn(context, prior, scale, kN, kD),
                             later = drawn(context, prior, scale, kN, kD, 6);
    double sum = 0, square = 0, fourth = 0, product = 0, neighbours = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto x = static_cast<double>(rows[i]);
      sum += x;
      square += x * x;
      fourth += x * x * x * x;
      product += x * static_cast<double>(later[i]);
      if (i % 2 == 1) neighbours += x * static_cast<double>(rows[i - 1]);
    }
    const auto count = static_cast<double>(rows.size());
    CHECK(std::abs(sum / count) < 5 * std::sqrt(variance / count));
    CHECK(square / count == doctest::Approx(variance).epsilon(0.02));
    CHECK(fourth / count / (variance * variance) == doctest::Approx(kurtosis).epsilon(0.04));
    CHECK(std::abs(product / count) < 5 * variance / std::sqrt(count));
    CHECK(std::abs(neighbours / count) < 5 * variance / std::sqrt(count));
    CHECK(drawn(kernels::make_context({.device = {}, .threads = 1}), prior, scale, kN, kD) == rows);
  }
}

TEST_CASE("draw_prior: without a step, the rows of step 0") {
  const Context context = kernels::make_context();
  const Tensor rows = Tensor::empty(context, {5, 7});
  kernels::draw_prior(context, {.seed = 11, .step = {}, .prior = Prior::cube, .scale = 2, .rows = rows});
  CHECK(rows.to_host<float>() == drawn(context, Prior::cube, 2, 5, 7, 0));
}

TEST_CASE("normal_quantile: the inverse of the distribution function, also far out") {
  for (const double p :
       {1e-300, 1e-20, 1e-10, 1e-5, 0.001, 0.02, 0.0749, 0.0751, 0.2, 0.4, 0.5, 0.6, 0.925, 0.99, 0.9999}) {
    CAPTURE(p);
    CHECK(std::abs(0.5 * std::erfc(-kernels::normal_quantile(p) / std::numbers::sqrt2) / p - 1) < 1e-13);
  }
  CHECK(kernels::normal_quantile(0.5) == 0);
}

TEST_CASE("normal_quantiles: ascending, symmetric, i / (N + 1)") {
  const Context context = kernels::make_context();
  for (const std::int64_t n : {0, 1, 2, 9, 2000}) {
    CAPTURE(n);
    const tests::GuardedTensor column(context, {n});
    kernels::normal_quantiles(context, {.std = 3, .column = column});
    const std::vector<float> values = column.checked().to_host<float>();
    CHECK(std::is_sorted(values.begin(), values.end()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(std::abs(values[i] + values[values.size() - 1 - i]) < 1e-6);
      const double p = static_cast<double>(i + 1) / static_cast<double>(n + 1);
      CHECK(std::abs(0.5 * std::erfc(-static_cast<double>(values[i]) / 3 / std::numbers::sqrt2) - p) < 1e-7);
    }
  }
}
