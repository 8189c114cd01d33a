#include "kernels/convert.h"

#include <doctest/doctest.h>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

TEST_CASE("cuda convert equals the CPU's, between all types") {
  for (const std::int64_t count : {0, 1, 3, 4, 31, 257, 2053}) {
    for (const Dtype from : {Dtype::f32, Dtype::bf16}) {
      for (const Dtype to : {Dtype::f32, Dtype::bf16}) {
        for (const Start start : {Start::aligned, Start::skewed}) {
          for (const bool accumulate : {false, true}) {
            CAPTURE(count);
            const Twin x({count}, random_values(count, 1), from, start), y({count}, random_values(count, 2), to, start);
            on_both(cpu::convert, cuda::convert, [&](Side on) {
              return Convert{.x = on(x), .y = {on(y), accumulate}};
            });
            y.expect_equal();
          }
        }
      }
    }
  }
}
