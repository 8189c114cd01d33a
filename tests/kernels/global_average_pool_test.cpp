#include "kernels/global_average_pool.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace engine;
using tests::GuardedTensor;
using tests::random_tensor;

TEST_CASE("global_average_pool kernels: equal the plain loops, write all of the output and nothing else") {
  const Context context = kernels::make_context();
  const Shape shapes[] = {{1, 1, 1, 1}, {2, 3, 5, 7}, {3, 4, 4, 64}, {2, 2, 3, 65}, {0, 4, 4, 8}, {9, 7, 7, 130}};
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const Shape& shape : shapes) {
      for (const bool accumulate : {false, true}) {
        CAPTURE(name(dtype));
        CAPTURE(shape);
        CAPTURE(accumulate);
        const std::int64_t n = shape[0], hw = shape[1] * shape[2], c = shape[3];
        const Tensor x = random_tensor(context, shape, 1, dtype), dy = random_tensor(context, {n, c}, 2, dtype);
        const Tensor before = random_tensor(context, shape, 3, dtype);
        const GuardedTensor y(context, {n, c}, dtype), dx(before);
        kernels::global_average_pool_forward(context, {.x = x, .y = y});
        kernels::global_average_pool_backward(context, {.dy = dy, .dx = {dx, accumulate}});

        const auto xs = tests::to_floats(x), dys = tests::to_floats(dy), start = tests::to_floats(before);
        std::vector<double> expected_y(static_cast<std::size_t>(n * c)), expected_dx(xs.size());
        for (std::size_t at = 0; at < xs.size(); ++at) {
          const auto i = static_cast<std::int64_t>(at);
          const auto pooled = static_cast<std::size_t>(i / (hw * c) * c + i % c);
          expected_y[pooled] += static_cast<double>(xs[at]) / static_cast<double>(hw);
          expected_dx[at] = (accumulate ? start[at] : 0.0) + dys[pooled] / static_cast<double>(hw);
        }
        tests::expect_close(tests::to_floats(y.checked()), expected_y, 4 * tests::rounding(dtype));
        tests::expect_close(tests::to_floats(dx.checked()), expected_dx, 2 * tests::rounding(dtype));
      }
    }
  }
}
