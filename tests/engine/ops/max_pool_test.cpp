#include "engine/ops/max_pool.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("max_pool: takes the largest of each window, and the first of equals gets the gradient") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::from<float>(context, {1, 2, 4, 1},
                                       {-5, -1, -1, -2,  //
                                        -1, -3, -2, -2})
                       .requires_gradient();
  const Tensor y = max_pool(x, {.window = 2, .stride = 2});
  CHECK(y.to_host<float>() == std::vector<float>{-1, -1});
  backward(y, Tensor::from<float>(context, {1, 1, 2, 1}, {3, 5}));
  CHECK(x.gradient().to_host<float>() == std::vector<float>{0, 3, 5, 0, 0, 0, 0, 0});
}

TEST_CASE("max_pool: padding never wins, before or after") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::from<float>(context, {1, 1, 4, 1}, {-1, -2, -3, -4});
  const auto pooled = [&](MaxPoolOptions::Padding columns) {
    return max_pool(x, {.rows = {1, 1}, .columns = columns}).to_host<float>();
  };
  CHECK(pooled({1, 1}) == std::vector<float>{-1, -2});
  CHECK(pooled({0, 1}) == std::vector<float>{-1, -3});
  CHECK(pooled({1, 0}) == std::vector<float>{-1, -2});
}

TEST_CASE("max_pool: SAME gives ceil(size / stride) and pads the odd one after") {
  const auto same = [](std::int64_t size, std::int64_t window, std::int64_t stride) {
    const auto [before, after] = MaxPoolOptions::same(size, window, stride);
    CHECK((size + before + after - window) / stride + 1 == (size + stride - 1) / stride);
    return std::pair(before, after);
  };
  CHECK(same(112, 3, 2) == std::pair<std::int64_t, std::int64_t>(0, 1));
  CHECK(same(7, 3, 2) == std::pair<std::int64_t, std::int64_t>(1, 1));
  CHECK(same(1, 3, 2) == std::pair<std::int64_t, std::int64_t>(1, 1));
  CHECK(same(8, 2, 2) == std::pair<std::int64_t, std::int64_t>(0, 0));
}

TEST_CASE("max_pool: the gradient matches central differences, also where x is used elsewhere too") {
  const Context context = kernels::make_context();
  // Values 0.01 apart in random order: a step of 0.002 does not change which one is the largest.
  std::vector<float> values(2 * 5 * 6 * 3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.01f * static_cast<float>(i * 77 % values.size());
  const Tensor x = Tensor::from(context, {2, 5, 6, 3}, values);
  const tests::GradientCheck options{.step = 2e-3};
  tests::check_gradients(
      [](const auto& in) {
        return max_pool(in[0], {.rows = {1, 1}, .columns = {0, 1}});
      },
      {x}, options);
  const MaxPoolOptions same_size{.stride = 1, .rows = {1, 1}, .columns = {1, 1}};
  tests::check_gradients([&](const auto& in) { return add(max_pool(in[0], same_size), in[0]); }, {x}, options);
}

TEST_CASE("max_pool: without a gradient to come it keeps no graph") {
  const Context context = kernels::make_context();
  const Tensor x = tests::random_tensor(context, {1, 4, 4, 2}, 1);
  CHECK_FALSE(max_pool(x, {}).wants_gradient());
  CHECK(max_pool(x, {}).to_host<float>() == max_pool(x.requires_gradient(), {}).to_host<float>());
}

TEST_CASE("max_pool: names shapes and options that do not fit") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::zeros(context, {1, 4, 4, 3});
  CHECK_THROWS_WITH_AS(max_pool(Tensor::zeros(context, {4, 4}), {}), "max_pool: x must be [N,H,W,C], got [4,4]", Error);
  CHECK_THROWS_WITH_AS(max_pool(x, {.window = 17}),
                       "max_pool: the window must be from 1 to 16 wide and the stride positive, got window 17 and "
                       "stride 2",
                       Error);
  CHECK_THROWS_AS(max_pool(x, {.stride = 0}), Error);
  CHECK_THROWS_WITH_AS(max_pool(x, {.rows = {3, 0}}),
                       "max_pool: padding must be from 0 to 2 for a window of 3, got 3 before and 0 after", Error);
  CHECK_THROWS_AS(max_pool(x, {.columns = {0, -1}}), Error);
  CHECK_THROWS_WITH_AS(max_pool(x, {.window = 5}),
                       "max_pool: the 5x5 window does not fit into an image of 4x4 with its padding", Error);
}
