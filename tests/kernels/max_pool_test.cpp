#include "kernels/max_pool.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/context.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace engine;
using kernels::PoolGeometry;
using tests::GuardedTensor;

namespace {

constexpr PoolGeometry kCases[] = {
    {.n = 1, .h = 1, .w = 1, .c = 1, .window = 1, .stride = 1},
    {.n = 2, .h = 8, .w = 6, .c = 5, .window = 3, .stride = 2, .rows = {1, 1}, .columns = {1, 1}},   // torchvision's
    {.n = 2, .h = 8, .w = 7, .c = 64, .window = 3, .stride = 2, .rows = {0, 1}, .columns = {1, 1}},  // SAME
    {.n = 1, .h = 11, .w = 13, .c = 67, .window = 5, .stride = 3, .rows = {4, 0}, .columns = {2, 3}},
    {.n = 3, .h = 9, .w = 7, .c = 130, .window = 2, .stride = 2},  // no overlap
    {.n = 1, .h = 10, .w = 10, .c = 3, .window = 2, .stride = 3},  // with gaps
    {.n = 1, .h = 1, .w = 2, .c = 17, .window = 3, .stride = 2, .rows = {1, 1}, .columns = {0, 1}},
    {.n = 0, .h = 4, .w = 4, .c = 8, .window = 3, .stride = 2},
};

/// Few different values, so that windows contain their maximum several times.
Tensor with_ties(const Context& context, Shape shape, Dtype dtype) {
  std::vector<float> values = tests::random_values(shape.elements(), 1);
  for (float& value : values) value = std::round(4 * value) / 4 - 2;
  if (dtype == Dtype::f32) return Tensor::from(context, shape, values);
  return Tensor::from(context, shape, std::vector<bf16>(values.begin(), values.end()));
}

struct Expected {
  std::vector<double> y;
  std::vector<std::uint8_t> taps;
  std::vector<double> dx;
};

Expected plain_loops(const PoolGeometry& g, const std::vector<float>& x, const std::vector<float>& dy,
                     const std::vector<float>& before) {
  Expected expected{{}, {}, {before.begin(), before.end()}};
  for (std::int64_t n = 0; n < g.n; ++n)
    for (std::int64_t p = 0; p < g.p(); ++p)
      for (std::int64_t q = 0; q < g.q(); ++q)
        for (std::int64_t c = 0; c < g.c; ++c) {
          double best = -INFINITY;
          std::size_t from = 0;
          std::int64_t tap = -1;
          for (std::int64_t r = 0; r < g.window; ++r)
            for (std::int64_t s = 0; s < g.window; ++s) {
              const std::int64_t row = p * g.stride + r - g.rows.before, column = q * g.stride + s - g.columns.before;
              if (row < 0 || row >= g.h || column < 0 || column >= g.w) continue;
              const auto at = static_cast<std::size_t>(((n * g.h + row) * g.w + column) * g.c + c);
              if (tap >= 0 && x[at] <= best) continue;
              best = x[at];
              from = at;
              tap = r * g.window + s;
            }
          expected.dx[from] += dy[expected.y.size()];
          expected.y.push_back(best);
          expected.taps.push_back(static_cast<std::uint8_t>(tap));
        }
  return expected;
}

}  // namespace

TEST_CASE("max_pool kernels: equal the plain loops, write all of the output and nothing else") {
  const Context context = kernels::make_context();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const PoolGeometry& g : kCases) {
      for (const bool accumulate : {false, true}) {
        CAPTURE(name(dtype));
        CAPTURE(g.h);
        CAPTURE(g.c);
        CAPTURE(g.window);
        CAPTURE(accumulate);
        const Shape image{g.n, g.h, g.w, g.c}, pooled{g.n, g.p(), g.q(), g.c};
        const Tensor x = with_ties(context, image, dtype), dy = tests::random_tensor(context, pooled, 2, dtype);
        const Tensor before = tests::random_tensor(context, image, 3, dtype);
        const GuardedTensor y(context, pooled, dtype), taps(context, pooled, Dtype::u8), dx(before);
        const GuardedTensor y_alone(context, pooled, dtype);
        kernels::max_pool_forward(context, {.g = g, .x = x, .y = y, .taps = taps});
        kernels::max_pool_forward(context, {.g = g, .x = x, .y = y_alone, .taps = {}});
        kernels::max_pool_backward(context, {.g = g, .dy = dy, .taps = taps.checked(), .dx = {dx, accumulate}});

        const std::vector<float> start = tests::to_floats(before);
        const Expected expected = plain_loops(g, tests::to_floats(x), tests::to_floats(dy),
                                              accumulate ? start : std::vector<float>(start.size()));
        tests::expect_close(tests::to_floats(y.checked()), expected.y, 0);
        CHECK(tests::to_floats(y_alone.checked()) == tests::to_floats(y.checked()));
        CHECK(taps.checked().to_host<std::uint8_t>() == expected.taps);
        // A pixel sums the gradients of at most ceil(window / stride) windows in each direction in f32 and is rounded
        // once.
        const double windows = std::pow(std::ceil(static_cast<double>(g.window) / static_cast<double>(g.stride)), 2);
        tests::expect_close(tests::to_floats(dx.checked()), expected.dx,
                            windows * tests::rounding(Dtype::f32) + tests::rounding(dtype));
      }
    }
  }
}

TEST_CASE("max_pool kernels: bit-equal for any number of threads") {
  const auto with_threads = [](int threads) {
    const Context context = kernels::make_context({.device = {}, .threads = threads});
    const PoolGeometry g{.n = 3, .h = 33, .w = 31, .c = 20, .window = 3, .stride = 2, .rows = {1, 1}};
    const Shape pooled{g.n, g.p(), g.q(), g.c};
    const Tensor x = tests::random_tensor(context, {g.n, g.h, g.w, g.c}, 1), y = Tensor::empty(context, pooled);
    const Tensor taps = Tensor::empty(context, pooled, Dtype::u8), dx = Tensor::empty(context, x.shape());
    kernels::max_pool_forward(context, {.g = g, .x = x, .y = y, .taps = taps});
    kernels::max_pool_backward(context,
                               {.g = g, .dy = tests::random_tensor(context, pooled, 2), .taps = taps, .dx = {dx}});
    return dx.to_host<float>();
  };
  const std::vector<float> one = with_threads(1);
  for (const int threads : {2, 3, 8}) CHECK(with_threads(threads) == one);
}

TEST_CASE("max_pool kernels: NaN wins, and an image of nothing but minus infinity stays one") {
  const Context context = kernels::make_context();
  const PoolGeometry g{.n = 1, .h = 1, .w = 3, .c = 2, .window = 3, .stride = 1, .rows = {1, 1}};
  const Tensor x = Tensor::from<float>(context, {1, 1, 3, 2}, {1, -INFINITY, NAN, -INFINITY, 2, -INFINITY});
  const GuardedTensor y(context, {1, 1, 1, 2}), taps(context, {1, 1, 1, 2}, Dtype::u8);
  kernels::max_pool_forward(context, {.g = g, .x = x, .y = y, .taps = taps});
  CHECK(std::isnan(y.checked().to_host<float>()[0]));
  CHECK(y.checked().to_host<float>()[1] == -INFINITY);
  CHECK(taps.checked().to_host<std::uint8_t>() == std::vector<std::uint8_t>{4, 3});
}
