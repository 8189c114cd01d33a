#include "engine/ops/linear.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
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

TEST_CASE("linear: a weight used twice accumulates its gradient") {
  const Context context = kernels::make_context();
  tests::check_gradients([](const auto& in) { return linear(linear(in[0], in[1]), in[1]); },
                         {random_tensor(context, {3, 4}, 1), random_tensor(context, {4, 4}, 2)});
}

TEST_CASE("linear: names both shapes when they do not fit") {
  const Context context = kernels::make_context();
  CHECK_THROWS_WITH_AS(linear(Tensor::zeros(context, {2, 3}), Tensor::zeros(context, {4, 5})),
                       "linear: x must be [N,C] and weight [K,C] with the same C, got x [2,3] and weight [4,5]", Error);
}
