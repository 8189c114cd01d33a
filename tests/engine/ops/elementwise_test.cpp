#include "engine/ops/elementwise.h"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

TEST_CASE("elementwise: add, multiply, scale and relu of a few numbers") {
  const Context context = kernels::make_context();
  const Tensor a = Tensor::from<float>(context, {2, 2}, {1, -2, 3, 0}),
               b = Tensor::from<float>(context, {2, 2}, {4, 5, -6, 7});
  CHECK(add(a, b).to_host<float>() == std::vector<float>{5, 3, -3, 7});
  CHECK(multiply(a, b).to_host<float>() == std::vector<float>{4, -10, -18, 0});
  CHECK(scale(a, -2).to_host<float>() == std::vector<float>{-2, 4, -6, 0});
  CHECK(relu(a).to_host<float>() == std::vector<float>{1, 0, 3, 0});
  CHECK(relu(a).shape() == Shape{2, 2});
}

TEST_CASE("elementwise: gradients match central differences") {
  const Context context = kernels::make_context();
  const Tensor a = random_tensor(context, {5, 7}, 1), b = random_tensor(context, {5, 7}, 2);
  tests::check_gradients([](const auto& in) { return add(in[0], in[1]); }, {a, b});
  tests::check_gradients([](const auto& in) { return multiply(in[0], in[1]); }, {a, b});
  tests::check_gradients([](const auto& in) { return scale(in[0], -1.75f); }, {a});

  std::vector<float> away_from_the_kink = tests::random_values(35, 3);
  for (float& value : away_from_the_kink) value += std::copysign(0.05f, value);
  tests::check_gradients([](const auto& in) { return relu(in[0]); },
                         {Tensor::from(context, {5, 7}, away_from_the_kink)});
}

TEST_CASE("elementwise: an input used twice receives both gradients") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {9}, 1);
  tests::check_gradients([](const auto& in) { return multiply(in[0], in[0]); }, {x});
  tests::check_gradients([](const auto& in) { return add(in[0], in[0]); }, {x});
}

TEST_CASE("elementwise: bf16 stays bf16, also in the gradient") {
  const Context context = kernels::make_context();
  const Tensor a = random_tensor(context, {6}, 1, Dtype::bf16).requires_gradient();
  const Tensor y = relu(scale(multiply(add(a, a), a), 2));
  CHECK(y.dtype() == Dtype::bf16);
  backward(y, random_tensor(context, {6}, 2, Dtype::bf16));
  CHECK(a.gradient().dtype() == Dtype::bf16);
}

TEST_CASE("elementwise: name both tensors when they do not fit") {
  const Context context = kernels::make_context();
  CHECK_THROWS_WITH_AS(add(Tensor::zeros(context, {2, 3}), Tensor::zeros(context, {3, 2})),
                       "add: a and b must have the same shape and dtype, got [2,3] of f32 and [3,2] of f32", Error);
  CHECK_THROWS_WITH_AS(multiply(Tensor::zeros(context, {2}), Tensor::zeros(context, {2}, Dtype::bf16)),
                       "multiply: a and b must have the same shape and dtype, got [2] of f32 and [2] of bf16", Error);
}
