#include "kernels/l2_normalize.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

TEST_CASE("cuda l2_normalize equals the CPU's, forward and backward, with rows of zeros") {
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{0, 8},    {1, 1},   {3, 7},  {9, 64},
                                                          {17, 128}, {5, 131}, {2, 520}};
  for (const auto& [n, d] : shapes) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        for (const bool accumulate : {false, true}) {
          CAPTURE(n);
          CAPTURE(d);
          CAPTURE(engine::name(dtype));
          CAPTURE(static_cast<int>(start));
          CAPTURE(accumulate);
          std::vector<float> values = random_values(n * d, 1);
          if (n > 1) std::fill(values.begin() + d, values.begin() + 2 * d, 0.0f);
          const Twin x({n, d}, values, dtype, start), y({n, d}, dtype, start), inv_norm({n});
          on_both(cpu::l2_normalize_forward, cuda::l2_normalize_forward,
                  [&](Side on) { return L2NormalizeForward{.x = on(x), .y = on(y), .inv_norm = on(inv_norm)}; });
          // f32 sums of d squares in different orders: relative errors of about sqrt(d) roundings.
          const double sums = std::sqrt(static_cast<double>(d)) * tests::rounding(Dtype::f32);
          inv_norm.expect_close(2 * sums);
          y.expect_close(2 * sums + tests::rounding(dtype));

          const Twin dy({n, d}, random_values(n * d, 2), dtype, start),
              dx({n, d}, random_values(n * d, 3), dtype, start);
          on_both(cpu::l2_normalize_backward, cuda::l2_normalize_backward, [&](Side on) {
            return L2NormalizeBackward{.dy = on(dy), .y = on(y), .inv_norm = on(inv_norm), .dx = {on(dx), accumulate}};
          });
          dx.expect_close(8 * sums + 2 * tests::rounding(dtype));
        }
      }
    }
  }
}
