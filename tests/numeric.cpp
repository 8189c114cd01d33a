#include "tests/numeric.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "kernels/runtime/philox.h"

namespace tests {

using engine::Tensor;

std::vector<float> random_values(std::int64_t count, std::uint64_t seed) {
  engine::Philox random(seed, engine::Purpose::initialization, 0, 0);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = 2 * random.uniform() - 1;
  return values;
}

Tensor random_tensor(const engine::Context& context, engine::Shape shape, std::uint64_t seed, engine::Dtype dtype) {
  const std::vector<float> values = random_values(shape.elements(), seed);
  if (dtype == engine::Dtype::f32) return Tensor::from(context, shape, values);
  return Tensor::from(context, shape, std::vector<engine::bf16>(values.begin(), values.end()));
}

std::vector<float> to_floats(const Tensor& x) {
  if (x.dtype() == engine::Dtype::f32) return x.to_host<float>();
  const std::vector<engine::bf16> values = x.to_host<engine::bf16>();
  return {values.begin(), values.end()};
}

double rounding(engine::Dtype dtype) { return dtype == engine::Dtype::bf16 ? 0x1p-8 : 0x1p-23; }

bool computes_bf16() {
  const bool does = kernels::computes_bf16({});
  if (!does) MESSAGE("[skipped] this processor has neither avx512_bf16 nor amx");
  return does;
}

double relative_distance(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double difference = 0, length = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    length += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(difference / length);
}

void expect_close(const std::vector<float>& actual, const std::vector<double>& expected, double tolerance) {
  REQUIRE(actual.size() == expected.size());
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    double error = std::abs(static_cast<double>(actual[i]) - expected[i]) / (1 + std::abs(expected[i]));
    if (std::isnan(error)) error = INFINITY;  // a NaN would be forgotten at the next element
    if (error > worst) worst = error, at = i;
  }
  if (actual.empty()) return;
  CAPTURE(at);
  CAPTURE(actual[at]);
  CAPTURE(expected[at]);
  CHECK(worst <= tolerance);
}

void check_gradients(const Function& f, const std::vector<Tensor>& inputs, GradientCheck options) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) leaves.push_back(input.requires_gradient());
  const Tensor y = f(leaves);
  const std::vector<float> r = random_values(y.elements(), 99);
  engine::backward(y, Tensor::from(y.context(), y.shape(), r));

  const auto objective = [&] {
    const std::vector<float> values = f(inputs).to_host<float>();
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += static_cast<double>(r[i]) * static_cast<double>(values[i]);
    return sum;
  };
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    REQUIRE(leaves[input].gradient());
    const std::vector<float> gradient = leaves[input].gradient().to_host<float>();
    const std::vector<float> original = inputs[input].to_host<float>();
    const std::size_t stride = std::max<std::size_t>(1, original.size() / static_cast<std::size_t>(options.samples));
    for (std::size_t i = 0; i < original.size(); i += stride) {
      std::vector<float> shifted = original;
      const auto at = [&](double offset) {
        shifted[i] = static_cast<float>(original[i] + offset);
        inputs[input].upload<float>(shifted);
        return objective();
      };
      const double expected = (at(options.step) - at(-options.step)) / (2 * options.step);
      CAPTURE(input);
      CAPTURE(i);
      CHECK(std::abs(gradient[i] - expected) <= options.tolerance * (1 + std::abs(expected)));
    }
    inputs[input].upload<float>(original);
  }
}

}  // namespace tests
