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

/// 0 if both are equal or both NaN.
double error_of(double actual, double expected) {
  if (actual == expected || (std::isnan(actual) && std::isnan(expected))) return 0;
  return std::abs(actual - expected) / (1 + std::abs(expected));
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
    REQUIRE(actual[b].size() == expected[b].size());
    double worst = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < expected[b].size(); ++i) {
      const double error = error_of(actual[b][i], expected[b][i]);
      if (!(error <= worst)) worst = error, at = i;
    }
    if (expected[b].empty()) continue;
    CAPTURE(b);
    CAPTURE(at);
    CAPTURE(actual[b][at]);
    CAPTURE(expected[b][at]);
    CHECK(worst <= *buffers[b].tolerance);
  }
  for (const CaseGradient& gradient : gradients) {
    CaseValues shifted = start_of(buffers);
    std::vector<double>& variable = shifted[gradient.variable];
    constexpr std::size_t kSamples = 40;
    const std::size_t stride = std::max<std::size_t>(1, variable.size() / kSamples);
    for (std::size_t i = 0; i < variable.size(); i += stride) {
      const double start = variable[i];
      variable[i] = start + gradient.step;
      const double above = gradient.value(shifted);
      variable[i] = start - gradient.step;
      const double below = gradient.value(shifted);
      variable[i] = start;
      CAPTURE(i);
      CHECK(error_of(actual[gradient.result][i], (above - below) / (2 * gradient.step)) <= gradient.tolerance);
    }
  }
}

}  // namespace tests
