#include "tests/cases/kernel_case.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

namespace tests {
namespace {

double rounded(double value, engine::Dtype dtype) {
  switch (dtype) {
    case engine::Dtype::f32: return static_cast<double>(static_cast<float>(value));
    case engine::Dtype::bf16: return static_cast<double>(engine::bf16(static_cast<float>(value)));
    default: return value;
  }
}

/// 0 if both are equal or both NaN, infinite if one of them is NaN.
double error_of(double actual, double expected, double unit) {
  if (actual == expected || (std::isnan(actual) && std::isnan(expected))) return 0;
  const double error = std::abs(actual - expected) / (unit + std::abs(expected));
  return std::isnan(error) ? INFINITY : error;
}

double root_mean_square(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares / static_cast<double>(values.size()));
}

void expect_close(const CaseBuffer& buffer, const std::vector<double>& actual, const std::vector<double>& expected) {
  REQUIRE(actual.size() == expected.size());
  if (expected.empty()) return;
  const double unit = buffer.relative ? root_mean_square(expected) : 1;
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = error_of(actual[i], expected[i], unit);
    if (error > worst) worst = error, at = i;
  }
  CAPTURE(at);
  CAPTURE(actual[at]);
  CAPTURE(expected[at]);
  CHECK(worst <= *buffer.tolerance);
}

}  // namespace

CaseValues start_of(const std::vector<CaseBuffer>& buffers) {
  CaseValues values;
  for (const CaseBuffer& buffer : buffers) {
    REQUIRE((buffer.values.empty() || static_cast<std::int64_t>(buffer.values.size()) == buffer.shape.elements()));
    std::vector<double>& start = values.emplace_back(static_cast<std::size_t>(buffer.shape.elements()), NAN);
    std::transform(buffer.values.begin(), buffer.values.end(), start.begin(),
                   [&](double value) { return rounded(value, buffer.dtype); });
  }
  return values;
}

void expect_results(const std::vector<CaseBuffer>& buffers, const std::function<void(CaseValues&)>& definition,
                    const std::vector<CaseGradient>& gradients, const CaseValues& actual) {
  CaseValues expected = start_of(buffers);
  definition(expected);
  for (std::size_t b = 0; b < buffers.size(); ++b) {  // infinite where the dtype has no larger number
    for (double& value : expected[b]) value = rounded(value, buffers[b].dtype);
  }
  for (std::size_t b = 0; b < buffers.size(); ++b) {
    if (!buffers[b].tolerance) continue;
    CAPTURE(b);
    expect_close(buffers[b], actual[b], expected[b]);
  }
  for (const CaseGradient& gradient : gradients) {
    CaseValues shifted = start_of(buffers);
    std::vector<double>& variable = shifted[gradient.variable];
    constexpr std::size_t kSamples = 40;
    const std::size_t count = actual[gradient.result].size(), stride = std::max<std::size_t>(1, count / kSamples);
    REQUIRE(count <= variable.size());
    for (std::size_t i = 0; i < count; i += stride) {
      const double start = variable[i];
      variable[i] = start + gradient.step;
      const double above = gradient.value(shifted);
      variable[i] = start - gradient.step;
      const double below = gradient.value(shifted);
      variable[i] = start;
      CAPTURE(i);
      CHECK(error_of(actual[gradient.result][i], (above - below) / (2 * gradient.step), 1) <= gradient.tolerance);
    }
  }
}

}  // namespace tests
