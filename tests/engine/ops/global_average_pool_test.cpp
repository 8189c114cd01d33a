#include "engine/ops/global_average_pool.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("global_average_pool: averages each channel of each image") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::from<float>(context, {2, 1, 2, 3}, {1, 2, 3, 5, 6, 7, -1, -2, -3, 1, 2, 3});
  const Tensor y = global_average_pool(x);
  CHECK(y.shape() == Shape{2, 3});
  CHECK(y.to_host<float>() == std::vector<float>{3, 4, 5, 0, 0, 0});
}

TEST_CASE("global_average_pool: the gradient matches central differences") {
  const Context context = kernels::make_context();
  tests::check_gradients([](const auto& in) { return global_average_pool(in[0]); },
                         {tests::random_tensor(context, {2, 3, 5, 7}, 1)});
}

TEST_CASE("global_average_pool: refuses what has no pixels or is no image") {
  const Context context = kernels::make_context();
  CHECK_THROWS_WITH_AS(global_average_pool(Tensor::zeros(context, {2, 0, 4, 3})),
                       "global_average_pool: x must be [N,H,W,C] with at least one pixel, got [2,0,4,3]", Error);
  CHECK_THROWS_AS(global_average_pool(Tensor::zeros(context, {2, 3})), Error);
}
