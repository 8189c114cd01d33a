#include "engine/ops/l2_normalize.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

TEST_CASE("l2_normalize: rows of a few numbers") {
  const Context context = kernels::make_context();
  const Tensor y = l2_normalize(Tensor::from<float>(context, {3, 2}, {3, 4, -5e5f, 0, 0, 2e-6f}));
  tests::expect_close(y.to_host<float>(), {0.6, 0.8, -1, 0, 0, 1}, 2 * tests::rounding(Dtype::f32));
}

TEST_CASE("l2_normalize: the gradient matches central differences") {
  const Context context = kernels::make_context();
  tests::check_gradients([](const auto& in) { return l2_normalize(in[0]); }, {random_tensor(context, {6, 9}, 1)});
}

TEST_CASE("l2_normalize: rows at the floor are multiplied by 1e6, forward and backward") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::from<float>(context, {3, 2}, {0, 0, 3e-7f, -4e-7f, 3, 4}).requires_gradient();
  const Tensor y = l2_normalize(x);
  tests::expect_close(y.to_host<float>(), {0, 0, 0.3, -0.4, 0.6, 0.8}, 2 * tests::rounding(Dtype::f32));
  backward(y, Tensor::from<float>(context, {3, 2}, {1, 2, 3, 4, 3, 4}));
  // The last row's dy is parallel to y: its gradient is zero.
  tests::expect_close(x.gradient().to_host<float>(), {1e6, 2e6, 3e6, 4e6, 0, 0}, 4 * tests::rounding(Dtype::f32));
}

TEST_CASE("l2_normalize: the same call twice is bit-equal") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {300, 67}, 1);
  CHECK(l2_normalize(x).to_host<float>() == l2_normalize(x).to_host<float>());
}

TEST_CASE("l2_normalize: names the shape it cannot take") {
  const Context context = kernels::make_context();
  CHECK_THROWS_WITH_AS(l2_normalize(Tensor::zeros(context, {2, 3, 4})), "l2_normalize: x must be [N,d], got [2,3,4]",
                       Error);
}
