#include "kernels/max_pool.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

TEST_CASE("cuda max_pool takes what the CPU's takes, tap for tap, and gives the gradient there") {
  const PoolGeometry geometries[] = {
      {.n = 0, .h = 4, .w = 4, .c = 8, .window = 2, .stride = 2},
      {.n = 1, .h = 1, .w = 1, .c = 1, .window = 1, .stride = 1},
      {.n = 2, .h = 7, .w = 5, .c = 3, .window = 3, .stride = 2, .rows = {1, 1}, .columns = {1, 1}},
      {.n = 1, .h = 8, .w = 6, .c = 16, .window = 3, .stride = 2, .rows = {0, 1}, .columns = {0, 1}},
      {.n = 2, .h = 5, .w = 9, .c = 40, .window = 2, .stride = 3},
      {.n = 1, .h = 6, .w = 11, .c = 264, .window = 3, .stride = 1, .rows = {2, 2}, .columns = {1, 0}},
  };
  for (const PoolGeometry& g : geometries) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        CAPTURE(g.h);
        CAPTURE(g.c);
        CAPTURE(engine::name(dtype));
        CAPTURE(static_cast<int>(start));
        const Shape in{g.n, g.h, g.w, g.c}, out{g.n, g.p(), g.q(), g.c};
        std::vector<float> values = random_values(in.elements(), 1);
        for (float& value : values) value = std::round(value * 4);  // makes ties
        for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(g.c)) {
          values[i] = -std::numeric_limits<float>::infinity();  // nothing is larger: the first tap is taken
        }
        if (values.size() > 40) values[17] = values[39] = std::nanf("");
        const Twin x(in, values, dtype, start), y(out, dtype, start), only_y(out, dtype, start), taps(out, Dtype::u8);
        on_both(cpu::max_pool_forward, cuda::max_pool_forward,
                [&](Side on) { return MaxPoolForward{.g = g, .x = on(x), .y = on(y), .taps = on(taps)}; });
        on_both(cpu::max_pool_forward, cuda::max_pool_forward,
                [&](Side on) { return MaxPoolForward{.g = g, .x = on(x), .y = on(only_y), .taps = {}}; });
        y.expect_equal();
        only_y.expect_equal();
        taps.expect_equal();
        for (const bool accumulate : {false, true}) {
          CAPTURE(accumulate);
          const Twin dy(out, random_values(out.elements(), 2), dtype, start),
              dx(in, random_values(in.elements(), 3), dtype, start);
          on_both(cpu::max_pool_backward, cuda::max_pool_backward, [&](Side on) {
            return MaxPoolBackward{.g = g, .dy = on(dy), .taps = on(taps), .dx = {on(dx), accumulate}};
          });
          dx.expect_close(tests::rounding(dtype));
        }
      }
    }
  }
}
