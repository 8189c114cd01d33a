#include "kernels/reduce.h"

#include <doctest/doctest.h>

#include "tests/cases/reduce.h"
#include "tests/cases/run_on_cuda.h"
#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

TEST_CASE("cuda sum equals the CPU's") {
  for (const std::int64_t count : {0, 1, 31, 1000, 4099, 70001}) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        CAPTURE(count);
        CAPTURE(engine::name(dtype));
        CAPTURE(static_cast<int>(start));
        const Twin x({count}, random_values(count, 3), dtype, start), y({});
        on_both(cpu::sum, cuda::sum, [&](Side on) { return Sum{.x = on(x), .factor = 0.5f, .y = on(y)}; });
        y.expect_close(tests::rounding(Dtype::f32));  // both devices add in double
      }
    }
  }
}

TEST_CASE("cuda squared_distance: the definition's sum") {
  tests::run_on_cuda(tests::squared_distance_cases(), cuda::squared_distance);
}
