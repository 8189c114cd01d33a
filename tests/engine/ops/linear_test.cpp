#include "engine/ops/linear.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/parameters.h"
#include "engine/scope.h"
#include "kernels/context.h"
#include "kernels/linear.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

namespace {

struct Case {
  std::int64_t n, c, k;
  bool bias;
};
constexpr Case kCases[] = {
    {1, 1, 1, false}, {3, 5, 7, true}, {17, 130, 10, true}, {64, 256, 128, false}, {0, 4, 3, true}};

}  // namespace

TEST_CASE("linear: equals the plain sum and repeats bit for bit") {
  const Context context = kernels::make_context();
  for (const auto& [n, c, k, with_bias] : kCases) {
    CAPTURE(n);
    CAPTURE(c);
    CAPTURE(k);
    const Tensor x = random_tensor(context, {n, c}, 1), weight = random_tensor(context, {k, c}, 2);
    const Tensor bias = with_bias ? random_tensor(context, {k}, 3) : Tensor();
    const Tensor y = linear(x, weight, bias);
    CHECK(y.shape() == Shape{n, k});

    const auto xs = x.to_host<float>(), ws = weight.to_host<float>();
    const auto bs = with_bias ? bias.to_host<float>() : std::vector<float>(static_cast<std::size_t>(k));
    std::vector<double> expected;
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < k; ++j) {
        double sum = bs[static_cast<std::size_t>(j)];
        for (std::int64_t l = 0; l < c; ++l) {
          sum += static_cast<double>(xs[static_cast<std::size_t>(i * c + l)]) * ws[static_cast<std::size_t>(j * c + l)];
        }
        expected.push_back(sum);
      }
    }
    tests::expect_close(y.to_host<float>(), expected, 1e-7 * static_cast<double>(c + 8));
    CHECK(y.to_host<float>() == linear(x, weight, bias).to_host<float>());
  }
}

TEST_CASE("linear: gradients of x, weight and bias match central differences") {
  const Context context = kernels::make_context();
  tests::check_gradients(
      [](const auto& in) { return linear(in[0], in[1], in[2]); },
      {random_tensor(context, {6, 5}, 1), random_tensor(context, {4, 5}, 2), random_tensor(context, {4}, 3)});
}

TEST_CASE("linear: in bf16 outputs are rounded once or not at all, and the weight's gradient is f32") {
  if (!tests::computes_bf16()) return;
  const Context context = kernels::make_context();
  for (const auto& [n, c, k, with_bias] : kCases) {
    for (const bool f32_output : {false, true}) {
      CAPTURE(n);
      CAPTURE(c);
      CAPTURE(k);
      CAPTURE(f32_output);
      ParameterSet parameters;
      const Parameter weight =
          Scope(parameters, "encoder").add("weight", {k, c}, ParameterKind::kernel, Initializer::normal(1));
      const Parameter bias = Scope(parameters, "encoder").add("bias", {k}, ParameterKind::bias, Initializer::normal(1));
      parameters.allocate(context, 1, Dtype::bf16);
      const Tensor x = random_tensor(context, {n, c}, 1, Dtype::bf16).requires_gradient();
      const Tensor w = weight.tensor(Mode::train, Dtype::bf16);
      const Tensor y = linear(x, w, with_bias ? bias.tensor(Mode::train) : Tensor(), {.f32_output = f32_output});
      CHECK(y.dtype() == (f32_output ? Dtype::f32 : Dtype::bf16));
      const Tensor dy = random_tensor(context, y.shape(), 4, y.dtype());
      backward(y, dy);

      // The same computation in f32, from the same rounded values.
      const auto as_f32 = [&](const Tensor& t) { return Tensor::from(context, t.shape(), tests::to_floats(t)); };
      const Tensor x32 = as_f32(x).requires_gradient(), w32 = as_f32(w).requires_gradient(),
                   b32 = bias.tensor(Mode::evaluate).requires_gradient();
      const Tensor y32 = linear(x32, w32, with_bias ? b32 : Tensor());
      backward(y32, as_f32(dy));
      const auto expect = [&](const Tensor& actual, const Tensor& expected, double tolerance) {
        const std::vector<float> values = tests::to_floats(expected);
        tests::expect_close(tests::to_floats(actual), {values.begin(), values.end()}, tolerance);
      };
      const double sums = 2e-7 * static_cast<double>(std::max({n, c, k}) + 8), once = 0x1p-8;
      expect(y, y32, sums + (f32_output ? 0 : once));
      // An f32 dy is rounded to bf16 for the products: each term by 2^-8. The terms of x's gradient are below 1 times
      // |w|, which is normally distributed.
      const double terms = f32_output ? once : 0;
      expect(x.gradient(), x32.gradient(), sums + once + terms * 4 * std::sqrt(static_cast<double>(k)));
      expect(parameters.gradient(0), w32.gradient(), sums + terms * std::sqrt(static_cast<double>(n)));
      CHECK(parameters.gradient(0).dtype() == Dtype::f32);
      if (with_bias) expect(parameters.gradient(1), b32.gradient(), sums);
    }
  }
}

TEST_CASE("linear: a weight used twice accumulates its gradient") {
  const Context context = kernels::make_context();
  tests::check_gradients([](const auto& in) { return linear(linear(in[0], in[1]), in[1]); },
                         {random_tensor(context, {3, 4}, 1), random_tensor(context, {4, 4}, 2)});
}

TEST_CASE("bias_grad: of many rows, such as pixels, each column's sum is as exact as an f32") {
  const Context context = kernels::make_context({.device = {}, .threads = 3});
  for (const std::int64_t columns : {1, 3, 23, 130}) {
    for (const bool in_bf16 : {false, true}) {
      for (const bool accumulate : {false, true}) {
        CAPTURE(columns);
        CAPTURE(in_bf16);
        CAPTURE(accumulate);
        const Shape shape{(1 << 16) + 77, columns};
        std::vector<float> values = tests::random_values(shape.elements(), 1);
        for (float& value : values) value = static_cast<float>(bf16(value + 1));  // positive: sums of up to 65,613
        const Tensor dy = in_bf16 ? Tensor::from(context, shape, std::vector<bf16>(values.begin(), values.end()))
                                  : Tensor::from(context, shape, values);
        const Tensor dbias = random_tensor(context, {columns}, 2);
        std::vector<double> sums(static_cast<std::size_t>(columns));
        for (std::size_t j = 0; j < sums.size() && accumulate; ++j) {
          sums[j] = static_cast<double>(dbias.to_host<float>()[j]);
        }
        for (std::size_t i = 0; i < values.size(); ++i) sums[i % sums.size()] += static_cast<double>(values[i]);
        kernels::bias_grad(context, {.dy = dy, .dbias = {dbias, accumulate}});
        tests::expect_close(dbias.to_host<float>(), sums, tests::rounding(Dtype::f32));
      }
    }
  }
}

TEST_CASE("linear: names both shapes when they do not fit") {
  const Context context = kernels::make_context();
  CHECK_THROWS_WITH_AS(linear(Tensor::zeros(context, {2, 3}), Tensor::zeros(context, {4, 5})),
                       "linear: x must be [N,C] and weight [K,C] with the same C, got x [2,3] and weight [4,5]", Error);
}
