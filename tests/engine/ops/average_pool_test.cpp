#include "engine/ops/average_pool.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("average_pool: ResNet-D's shortcuts on an image of an odd size") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::from<float>(context, {1, 3, 3, 1},
                                       {1, 2, 3,  //
                                        4, 5, 6,  //
                                        7, 8, 9});
  const Tensor halved = average_pool(x, {.stride = 2, .after = 1, .counts_padding = true});
  CHECK(halved.shape() == Shape{1, 2, 2, 1});
  CHECK(halved.to_host<float>() == std::vector<float>{3, 2.25f, 3.75f, 2.25f});
  const Tensor kept = average_pool(x, {.stride = 1, .after = 1});
  CHECK(kept.to_host<float>() == std::vector<float>{3, 4, 4.5f, 6, 7, 7.5f, 7.5f, 8.5f, 9});
}

TEST_CASE("average_pool: the gradient matches central differences, also where x is used elsewhere too") {
  const Context context = kernels::make_context();
  const Tensor x = tests::random_tensor(context, {2, 5, 6, 3}, 1);
  for (const AveragePoolOptions& options : std::initializer_list<AveragePoolOptions>{
           {}, {.after = 1, .counts_padding = true}, {.stride = 1, .after = 1}, {.window = 3, .stride = 1}}) {
    tests::check_gradients([&](const auto& in) { return average_pool(in[0], options); }, {x});
  }
  tests::check_gradients([](const auto& in) { return add(average_pool(in[0], {.stride = 1, .after = 1}), in[0]); },
                         {x});
}

TEST_CASE("average_pool: without a gradient to come it keeps no graph") {
  const Context context = kernels::make_context();
  CHECK_FALSE(average_pool(tests::random_tensor(context, {1, 4, 4, 2}, 1), {}).wants_gradient());
}

TEST_CASE("average_pool: names shapes and options that do not fit") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::zeros(context, {1, 4, 4, 3});
  CHECK_THROWS_WITH_AS(average_pool(Tensor::zeros(context, {4, 4}), {}), "average_pool: x must be [N,H,W,C], got [4,4]",
                       Error);
  CHECK_THROWS_WITH_AS(average_pool(x, {.stride = 0}),
                       "average_pool: window and stride must be positive, got window 2 and stride 0", Error);
  CHECK_THROWS_WITH_AS(average_pool(x, {.after = 2}),
                       "average_pool: padding must be from 0 to 1 for a window of 2, got 2", Error);
  CHECK_THROWS_WITH_AS(average_pool(x, {.window = 5}),
                       "average_pool: the 5x5 window does not fit into an image of 4x4 with its padding", Error);
}
