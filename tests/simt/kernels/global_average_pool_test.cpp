#include "kernels/global_average_pool.h"

#include <doctest/doctest.h>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

TEST_CASE("cuda global_average_pool equals the CPU's, forward and backward") {
  const Shape shapes[] = {{0, 2, 2, 8}, {1, 1, 1, 1}, {2, 3, 5, 7}, {3, 2, 2, 32}, {2, 7, 7, 65}, {5, 1, 3, 264}};
  for (const Shape& shape : shapes) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        for (const bool accumulate : {false, true}) {
          CAPTURE(shape);
          CAPTURE(engine::name(dtype));
          CAPTURE(static_cast<int>(start));
          CAPTURE(accumulate);
          const Shape pooled{shape[0], shape[3]};
          const Twin x(shape, random_values(shape.elements(), 1), dtype, start), y(pooled, dtype, start);
          on_both(cpu::global_average_pool_forward, cuda::global_average_pool_forward,
                  [&](Side on) { return GlobalAveragePoolForward{.x = on(x), .y = on(y)}; });
          y.expect_close(tests::rounding(dtype));

          const Twin dy(pooled, random_values(pooled.elements(), 2), dtype, start);
          const Twin dx(shape, random_values(shape.elements(), 3), dtype, start);
          on_both(cpu::global_average_pool_backward, cuda::global_average_pool_backward, [&](Side on) {
            return GlobalAveragePoolBackward{.dy = on(dy), .dx = {on(dx), accumulate}};
          });
          dx.expect_close(tests::rounding(dtype));
        }
      }
    }
  }
}
