#include "kernels/elementwise.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/cases/elementwise.h"
#include "tests/cases/run_on_cuda.h"
#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

namespace {

constexpr std::int64_t kCounts[] = {0, 1, 7, 8, 31, 257, 2053};

/// Calls body(count, dtype, start, accumulate) for all combinations.
template <class Body>
void for_each_case(const Body& body) {
  for (const std::int64_t count : kCounts) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        for (const bool accumulate : {false, true}) {
          CAPTURE(count);
          CAPTURE(engine::name(dtype));
          CAPTURE(static_cast<int>(start));
          CAPTURE(accumulate);
          body(count, dtype, start, accumulate);
        }
      }
    }
  }
}

/// An output; with values to add to if it accumulates.
Twin output(std::int64_t count, Dtype dtype, Start start, bool accumulate) {
  if (accumulate) return {{count}, random_values(count, 9), dtype, start};
  return {{count}, dtype, start};
}

}  // namespace

TEST_CASE("cuda elementwise kernels equal the CPU's") {
  for_each_case([](std::int64_t count, Dtype dtype, Start start, bool accumulate) {
    const Twin a({count}, random_values(count, 1), dtype, start), b({count}, random_values(count, 2), dtype, start);
    const Twin scalar({}, std::vector<float>{0.75f});
    const auto expect = [&](auto* cpu, auto* cuda, bool accumulates, const auto& make) {
      const Twin y = output(count, dtype, start, accumulates);
      on_both(cpu, cuda, [&](Side on) { return make(on, on(y)); });
      y.expect_close(2 * tests::rounding(dtype));
    };
    expect(cpu::scale, cuda::scale, accumulate, [&](Side on, const View& y) {
      return Scale{.x = on(a), .alpha = -1.5f, .y = {y, accumulate}};
    });
    expect(cpu::multiply, cuda::multiply, accumulate, [&](Side on, const View& y) {
      return Multiply{.a = on(a), .b = on(b), .y = {y, accumulate}};
    });
    expect(cpu::broadcast, cuda::broadcast, accumulate, [&](Side on, const View& y) {
      return Broadcast{.scalar = on(scalar), .alpha = 2, .y = {y, accumulate}};
    });
    expect(cpu::relu_backward, cuda::relu_backward, accumulate, [&](Side on, const View& y) {
      return ReluBackward{.dy = on(a), .y = on(b), .dx = {y, accumulate}};
    });
    if (accumulate) return;
    expect(cpu::fill, cuda::fill, false, [&](Side, const View& y) { return Fill{.value = 0.3f, .y = y}; });
    expect(cpu::add, cuda::add, false, [&](Side on, const View& y) { return Add{.a = on(a), .b = on(b), .y = y}; });
    expect(cpu::relu_forward, cuda::relu_forward, false,
           [&](Side on, const View& y) { return ReluForward{.x = on(a), .y = y}; });
  });
}

TEST_CASE("cuda scale_by and scaled_difference: the definition's elements") {
  tests::run_on_cuda(tests::scale_by_cases(), cuda::scale_by);
  tests::run_on_cuda(tests::scaled_difference_cases(), cuda::scaled_difference);
}

TEST_CASE("cuda elementwise kernels: NaN and infinity pass ReLU as on the CPU, and in place") {
  std::vector<float> values = random_values(37, 1);
  values[3] = std::nanf(""), values[4] = -std::numeric_limits<float>::infinity(), values[36] = -std::nanf("");
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    const Twin x({37}, values, dtype);
    on_both(cpu::relu_forward, cuda::relu_forward, [&](Side on) { return ReluForward{.x = on(x), .y = on(x)}; });
    x.expect_equal();
    CHECK(std::isnan(x.from_cuda()[3]));
  }
}

TEST_CASE("cuda elementwise kernels: threads stride over more elements than a grid has") {
  const std::int64_t count = 1024 * 256 + 77;
  const Twin x({count}, random_values(count, 1), Dtype::bf16, Start::skewed), y({count}, Dtype::bf16, Start::skewed);
  on_both(cpu::scale, cuda::scale, [&](Side on) { return Scale{.x = on(x), .alpha = 2, .y = {on(y)}}; });
  y.expect_equal();
}
