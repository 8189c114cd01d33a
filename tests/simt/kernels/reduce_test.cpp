#include "kernels/reduce.h"

#include <doctest/doctest.h>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

TEST_CASE("cuda sum and squared_distance equal the CPU's") {
  for (const std::int64_t count : {0, 1, 31, 1000, 4099, 70001}) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        CAPTURE(count);
        CAPTURE(engine::name(dtype));
        CAPTURE(static_cast<int>(start));
        const Twin x({count}, random_values(count, 3), dtype, start), y({}), distance({});
        const Twin other({count}, random_values(count, 4), dtype, start);
        on_both(cpu::sum, cuda::sum, [&](Side on) { return Sum{.x = on(x), .factor = 0.5f, .y = on(y)}; });
        y.expect_close(tests::rounding(Dtype::f32));  // both devices add in double
        on_both(cpu::squared_distance, cuda::squared_distance, [&](Side on) {
          return SquaredDistance{.a = on(x), .b = on(other), .factor = 0.5f, .y = on(distance)};
        });
        distance.expect_close(tests::rounding(Dtype::f32));
      }
    }
  }
}
