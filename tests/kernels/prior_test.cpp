#include "kernels/prior.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/context.h"
#include "kernels/normal_numbers.h"
#include "tests/cases/prior.h"
#include "tests/cases/run_on_cpu.h"
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

TEST_CASE("draw_prior and normal_quantiles: the definition's numbers") {
  tests::run_on_cpu(tests::draw_prior_cases(), kernels::draw_prior);
  tests::run_on_cpu(tests::normal_quantiles_cases(), kernels::normal_quantiles);
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
