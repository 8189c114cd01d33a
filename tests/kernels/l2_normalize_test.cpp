#include "kernels/l2_normalize.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "kernels/context.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace engine;
using tests::GuardedTensor;
using tests::random_tensor;

TEST_CASE("l2_normalize kernels: equal the plain loops, write all of the output and nothing else") {
  const Context context = kernels::make_context();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const auto& [n, d] : {std::pair<std::int64_t, std::int64_t>{0, 5}, {1, 1}, {3, 7}, {5, 64}, {257, 129}}) {
      for (const bool accumulate : {false, true}) {
        CAPTURE(name(dtype));
        CAPTURE(n);
        CAPTURE(d);
        CAPTURE(accumulate);
        const Tensor x = random_tensor(context, {n, d}, 1, dtype), dy = random_tensor(context, {n, d}, 2, dtype);
        const Tensor before = random_tensor(context, {n, d}, 3, dtype);
        const GuardedTensor y(context, {n, d}, dtype), inv_norm(context, {n}), dx(before);
        kernels::l2_normalize_forward(context, {.x = x, .y = y, .inv_norm = inv_norm});
        kernels::l2_normalize_backward(
            context, {.dy = dy, .y = y.checked(), .inv_norm = inv_norm.checked(), .dx = {dx, accumulate}});

        const auto xs = tests::to_floats(x), dys = tests::to_floats(dy), start = tests::to_floats(before);
        std::vector<double> expected_y, expected_dx;
        for (std::size_t i = 0; i < xs.size(); i += static_cast<std::size_t>(d)) {
          double square = 0, along = 0;
          for (std::size_t j = i; j < i + static_cast<std::size_t>(d); ++j) {
            square += static_cast<double>(xs[j]) * xs[j];
            along += static_cast<double>(dys[j]) * xs[j];
          }
          for (std::size_t j = i; j < i + static_cast<std::size_t>(d); ++j) {
            expected_y.push_back(xs[j] / std::sqrt(square));
            expected_dx.push_back((accumulate ? start[j] : 0.0) +
                                  (dys[j] - along * xs[j] / square) / std::sqrt(square));
          }
        }
        // The gradient reads y, which was rounded, and divides by the norm, here at least 0.3.
        tests::expect_close(tests::to_floats(y.checked()), expected_y, 4 * tests::rounding(dtype));
        tests::expect_close(tests::to_floats(dx.checked()), expected_dx, 20 * tests::rounding(dtype));
      }
    }
  }
}
