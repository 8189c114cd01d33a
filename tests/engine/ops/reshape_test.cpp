#include "engine/ops/reshape.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

TEST_CASE("reshape: flatten and reshape share the buffer") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {2, 3, 4, 5}, 1);
  CHECK(flatten(x).shape() == Shape{2, 60});
  CHECK(View(flatten(x)).data == View(x).data);
  CHECK(reshape(x, {6, 20}).shape() == Shape{6, 20});
  CHECK(View(reshape(x, {6, 20})).data == View(x).data);
  CHECK(flatten(Tensor::zeros(context, {0, 3, 4})).shape() == Shape{0, 12});
  CHECK(flatten(Tensor::zeros(context, {7})).shape() == Shape{7, 1});
}

TEST_CASE("reshape: gradients match central differences, also beside another use of the input") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {2, 3, 2, 2}, 1);
  tests::check_gradients([](const auto& in) { return flatten(in[0]); }, {x});
  tests::check_gradients(
      [](const auto& in) {
        return multiply(reshape(in[0], {4, 6}), reshape(scale(in[0], 2), {4, 6}));
      },
      {x});
}

TEST_CASE("reshape: the gradient is handed back without a copy") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {2, 3, 4, 5}, 1).requires_gradient(), dy = random_tensor(context, {2, 60}, 2);
  backward(flatten(x), dy);
  CHECK(x.gradient().shape() == x.shape());
  CHECK(View(x.gradient()).data == View(dy).data);
}

TEST_CASE("reshape: names both shapes when they differ in size") {
  const Context context = kernels::make_context();
  CHECK_THROWS_WITH_AS(reshape(Tensor::zeros(context, {2, 3}), {4, 2}), "reshape: [2,3] has 6 elements, [4,2] has 8",
                       Error);
  CHECK_THROWS_WITH_AS(flatten(Tensor::zeros(context, {})), "flatten: expected at least one dimension, got a scalar",
                       Error);
}
