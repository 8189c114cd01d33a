#include "engine/ops/reduce.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

TEST_CASE("reduce: sum and mean of a few numbers") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::from<float>(context, {2, 2}, {1, -2, 3, 8});
  CHECK(sum(x).item() == 10);
  CHECK(mean(x).item() == 2.5f);
  CHECK(mean(x).shape() == Shape{});
  CHECK(sum(Tensor::zeros(context, {0, 4})).item() == 0);
  CHECK_THROWS_WITH_AS(mean(Tensor::zeros(context, {0, 4})), "mean: expected at least one element, got shape [0,4]",
                       Error);
}

TEST_CASE("reduce: gradients match central differences, also on top of another gradient") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {4, 3}, 1);
  tests::check_gradients([](const auto& in) { return sum(multiply(in[0], in[0])); }, {x});
  tests::check_gradients([](const auto& in) { return mean(in[0]); }, {x});
  tests::check_gradients([](const auto& in) { return add(sum(in[0]), mean(in[0])); }, {x});
}

TEST_CASE("reduce: a bf16 tensor sums to f32 and gets a bf16 gradient") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {8}, 1, Dtype::bf16).requires_gradient();
  const Tensor y = mean(x);
  CHECK(y.dtype() == Dtype::f32);
  backward(y);
  CHECK(tests::to_floats(x.gradient()) == std::vector<float>(8, 0.125f));
}
