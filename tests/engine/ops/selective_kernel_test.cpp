#include "engine/ops/selective_kernel.h"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/global_average_pool.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("pool_streams, merge_streams: one pixel by hand") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::from<float>(context, {1, 1, 1, 4}, {1, 2, 10, 20});
  CHECK(pool_streams(x).to_host<float>() == std::vector<float>{11, 22});
  // Softmax over 0 and ln 3 is 1/4 and 3/4, and each channel has its own.
  const Tensor logits = Tensor::from<float>(context, {1, 4}, {0, std::log(3.0f), std::log(3.0f), 0});
  tests::expect_close(merge_streams(x, logits).to_host<float>(), {0.25 * 1 + 0.75 * 10, 0.75 * 2 + 0.25 * 20}, 1e-6);
}

TEST_CASE("pool_streams, merge_streams: gradients match central differences, also together") {
  const Context context = kernels::make_context();
  const Tensor x = tests::random_tensor(context, {2, 3, 5, 6}, 1), logits = tests::random_tensor(context, {2, 6}, 2);
  tests::check_gradients([](const auto& in) { return pool_streams(in[0]); }, {x});
  tests::check_gradients([](const auto& in) { return merge_streams(in[0], in[1]); }, {x, logits});
  tests::check_gradients(
      [](const auto& in) { return add(pool_streams(in[0]), global_average_pool(merge_streams(in[0], in[1]))); },
      {tests::random_tensor(context, {2, 3, 5, 12}, 3), tests::random_tensor(context, {2, 12}, 4)});
}

TEST_CASE("merge_streams: an input without gradient gets none") {
  const Context context = kernels::make_context();
  const Tensor x = tests::random_tensor(context, {1, 2, 2, 4}, 1).requires_gradient(),
               logits = tests::random_tensor(context, {1, 4}, 2).requires_gradient();
  const auto gradient = [&](const Tensor& a, const Tensor& b) {
    const Tensor y = merge_streams(a, b);
    backward(y, tests::random_tensor(context, y.shape(), 3));
    return (a.wants_gradient() ? a : b).gradient().to_host<float>();
  };
  const Tensor both = x.detach().requires_gradient(), other = logits.detach().requires_gradient();
  const std::vector<float> dx = gradient(both, other), dlogits = other.gradient().to_host<float>();
  CHECK(gradient(x, logits.detach()) == dx);
  CHECK(gradient(x.detach(), logits) == dlogits);
  CHECK_FALSE(merge_streams(x.detach(), logits.detach()).wants_gradient());
}

TEST_CASE("pool_streams, merge_streams: name shapes that do not fit") {
  const Context context = kernels::make_context();
  CHECK_THROWS_WITH_AS(pool_streams(Tensor::zeros(context, {1, 2, 2, 3})),
                       "pool_streams: x must be [N,H,W,2C] with at least one pixel, got [1,2,2,3]", Error);
  CHECK_THROWS_AS(pool_streams(Tensor::zeros(context, {1, 0, 2, 4})), Error);
  const Tensor x = Tensor::zeros(context, {1, 2, 2, 4});
  CHECK_THROWS_WITH_AS(merge_streams(x, Tensor::zeros(context, {1, 2})),
                       "merge_streams: logits must be f32 [1,4] for x [1,2,2,4], got f32 [1,2]", Error);
  CHECK_THROWS_AS(merge_streams(x, Tensor::zeros(context, {1, 4}, Dtype::bf16)), Error);
}
