#include "engine/ops/conv2d_transpose.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/convert.h"
#include "engine/ops/elementwise.h"
#include "engine/parameters.h"
#include "engine/scope.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

namespace {

/// x [n,p,q,k], a window of r rows and s columns, c channels of y, and how many rows and columns y has beyond the
/// fewest.
struct Case {
  std::int64_t n, p, q, k, r, s, c, stride, pad, more_rows, more_columns;

  Shape x() const { return {n, p, q, k}; }
  Shape weight() const { return {k, r, s, c}; }
  Shape y() const {
    return {n, (p - 1) * stride + r - 2 * pad + more_rows, (q - 1) * stride + s - 2 * pad + more_columns, c};
  }
  Conv2dTransposeOptions options() const { return {.stride = stride, .pad = pad, .height = y()[1], .width = y()[2]}; }
};
// The decoder's layers of 2x2 to 6x6 to 13x13 to 28x28 are among them.
constexpr Case kCases[] = {{1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0},     {2, 2, 2, 64, 3, 3, 64, 2, 0, 1, 1},
                           {3, 6, 6, 32, 3, 3, 16, 2, 0, 0, 0},   {2, 13, 13, 32, 3, 3, 1, 2, 0, 1, 1},
                           {2, 5, 7, 3, 3, 3, 5, 1, 1, 0, 0},     {1, 3, 4, 6, 5, 5, 7, 3, 2, 2, 1},
                           {2, 13, 13, 32, 3, 3, 21, 2, 0, 1, 1}, {2, 4, 3, 5, 3, 5, 2, 2, 1, 0, 1},
                           {1, 3, 5, 8, 1, 1, 4, 3, 0, 2, 0},     {0, 4, 4, 3, 3, 3, 2, 2, 0, 0, 1}};

/// The definition: every x adds its window of the weight to y.
std::vector<double> scatter(const Case& g, const std::vector<float>& x, const std::vector<float>& weight,
                            const std::vector<float>& bias) {
  const Shape shape = g.y();
  const std::int64_t h = shape[1], w = shape[2];
  std::vector<double> y(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = bias.empty() ? 0 : bias[i % bias.size()];
  for (std::int64_t n = 0; n < g.n; ++n)
    for (std::int64_t p = 0; p < g.p; ++p)
      for (std::int64_t q = 0; q < g.q; ++q)
        for (std::int64_t k = 0; k < g.k; ++k)
          for (std::int64_t r = 0; r < g.r; ++r)
            for (std::int64_t s = 0; s < g.s; ++s) {
              const std::int64_t row = p * g.stride + r - g.pad, column = q * g.stride + s - g.pad;
              if (row < 0 || row >= h || column < 0 || column >= w) continue;
              for (std::int64_t c = 0; c < g.c; ++c) {
                y[static_cast<std::size_t>(((n * h + row) * w + column) * g.c + c)] +=
                    static_cast<double>(x[static_cast<std::size_t>(((n * g.p + p) * g.q + q) * g.k + k)]) *
                    static_cast<double>(weight[static_cast<std::size_t>(((k * g.r + r) * g.s + s) * g.c + c)]);
              }
            }
  return y;
}

double product(const Tensor& a, const Tensor& b) {
  const std::vector<float> left = tests::to_floats(a), right = tests::to_floats(b);
  double sum = 0;
  for (std::size_t i = 0; i < left.size(); ++i) sum += static_cast<double>(left[i]) * static_cast<double>(right[i]);
  return sum;
}

}  // namespace

TEST_CASE("conv2d_transpose: equals the plain sum, with and without a bias, and repeats bit for bit") {
  const Context context = kernels::make_context();
  for (const Case& g : kCases) {
    CAPTURE(g.x());
    CAPTURE(g.weight());
    const Tensor x = random_tensor(context, g.x(), 1), weight = random_tensor(context, g.weight(), 2);
    for (const Tensor& bias : {Tensor(), random_tensor(context, {g.c}, 3)}) {
      const Tensor y = conv2d_transpose(x, weight, bias, g.options());
      REQUIRE(y.shape() == g.y());
      tests::expect_close(
          y.to_host<float>(),
          scatter(g, x.to_host<float>(), weight.to_host<float>(), bias ? bias.to_host<float>() : std::vector<float>()),
          1e-7 * static_cast<double>(g.r * g.s * g.k + 8));
      CHECK(y.to_host<float>() == conv2d_transpose(x, weight, bias, g.options()).to_host<float>());
    }
  }
}

TEST_CASE("conv2d_transpose: gradients of x, weight and bias match central differences") {
  const Context context = kernels::make_context();
  for (const Case& g : kCases) {
    if (g.n == 0) continue;
    CAPTURE(g.x());
    CAPTURE(g.weight());
    tests::check_gradients(
        [&](const auto& in) { return conv2d_transpose(in[0], in[1], in[2], g.options()); },
        {random_tensor(context, g.x(), 1), random_tensor(context, g.weight(), 2), random_tensor(context, {g.c}, 3)},
        {.samples = 12});
  }
}

TEST_CASE("conv2d_transpose: is the adjoint of conv2d") {
  const Context context = kernels::make_context();
  for (const Case& g : kCases) {
    CAPTURE(g.x());
    CAPTURE(g.weight());
    const Tensor x = random_tensor(context, g.x(), 1), weight = random_tensor(context, g.weight(), 2),
                 image = random_tensor(context, g.y(), 3);
    const double there = product(conv2d(image, weight, {.stride = g.stride, .pad = g.pad}), x),
                 back = product(image, conv2d_transpose(x, weight, {}, g.options()));
    CHECK(std::abs(there - back) <= 1e-4 * (1 + std::abs(there)));
  }
}

TEST_CASE("conv2d_transpose: without a size, the smallest") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {2, 4, 3, 3}, 1), weight = random_tensor(context, {3, 3, 3, 3}, 2);
  CHECK(conv2d_transpose(x, weight, {}, {.stride = 2}).shape() == Shape{2, 9, 7, 3});
}

TEST_CASE("conv2d_transpose: what is used twice accumulates its gradients") {
  const Context context = kernels::make_context();
  const auto twice = [](const std::vector<Tensor>& in) {
    const Tensor once = conv2d_transpose(in[0], in[1], in[2], {.pad = 1});
    return add(conv2d_transpose(once, in[1], in[2], {.pad = 1}), conv2d_transpose(in[0], in[1], {}, {.pad = 1}));
  };
  tests::check_gradients(twice, {random_tensor(context, {2, 4, 4, 3}, 1), random_tensor(context, {3, 3, 3, 3}, 2),
                                 random_tensor(context, {3}, 3)});
}

TEST_CASE("conv2d_transpose: in bf16 as in f32 but for rounding, forward and backward") {
  if (!tests::computes_bf16()) return;
  const Context context = kernels::make_context();
  for (const Case& g : kCases) {
    CAPTURE(g.x());
    CAPTURE(g.weight());
    ParameterSet parameters;
    const Scope scope(parameters, "decoder");
    const Parameter weight = scope.add("weight", g.weight(), ParameterKind::kernel, Initializer::normal(1)),
                    bias = scope.add("bias", {g.c}, ParameterKind::bias, Initializer::constant(0.25));
    parameters.allocate(context, 1, Dtype::bf16);
    const Tensor narrow = random_tensor(context, g.x(), 1, Dtype::bf16).requires_gradient(),
                 dy = random_tensor(context, g.y(), 2, Dtype::bf16);
    const Tensor y =
        conv2d_transpose(narrow, weight.tensor(Mode::train, Dtype::bf16), bias.tensor(Mode::train), g.options());
    CHECK(y.dtype() == Dtype::bf16);
    backward(y, dy);
    CHECK(parameters.gradient(0).dtype() == Dtype::f32);

    // The same numbers in f32.
    const Tensor x = convert(narrow.detach(), Dtype::f32).requires_gradient(),
                 w = convert(weight.tensor(Mode::evaluate, Dtype::bf16), Dtype::f32).requires_gradient(),
                 b = bias.tensor(Mode::evaluate).requires_gradient();
    const Tensor exact = conv2d_transpose(x, w, b, g.options());
    backward(exact, convert(dy, Dtype::f32));
    const auto close = [](const Tensor& actual, const Tensor& expected, double tolerance) {
      const std::vector<float> values = expected.to_host<float>();
      tests::expect_close(tests::to_floats(actual), {values.begin(), values.end()}, tolerance);
    };
    const double rounded = 2 * tests::rounding(Dtype::bf16), sums = 1e-6 * static_cast<double>(y.shape().rows() + 64);
    close(y, exact, rounded);
    close(narrow.gradient(), x.gradient(), rounded);
    close(parameters.gradient(0), w.gradient(), sums);
    close(parameters.gradient(1), b.gradient(), sums);
  }
}

TEST_CASE("conv2d_transpose: names shapes, sizes and options that do not fit") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::zeros(context, {1, 6, 6, 3}), weight = Tensor::zeros(context, {3, 3, 3, 2});
  CHECK_THROWS_WITH_AS(conv2d_transpose(x, Tensor::zeros(context, {2, 3, 3, 3})),
                       "conv2d_transpose: x must be [N,P,Q,K] and weight [K,R,S,C] with the same K, got x [1,6,6,3] "
                       "and weight [2,3,3,3]",
                       Error);
  CHECK_THROWS_WITH_AS(conv2d_transpose(x, weight, {}, {.stride = 2, .height = 15, .width = 13}),
                       "conv2d_transpose: a 3x3 window with stride 2 and padding 0 makes 6x6 into 13 to 14 rows and 13 "
                       "to 14 columns, not into 15x13",
                       Error);
  CHECK_THROWS_AS(conv2d_transpose(x, weight, {}, {.stride = 2, .width = 12}), Error);
  CHECK_THROWS_AS(conv2d_transpose(x, weight, {}, {.pad = 5}), Error);
  CHECK_THROWS_AS(conv2d_transpose(x, weight, {}, {.stride = 0}), Error);
  CHECK_THROWS_WITH_AS(conv2d_transpose(x, weight, Tensor::zeros(context, {3})),
                       "conv2d_transpose: bias must be [2] like weight's last dimension, got [3]", Error);
}
