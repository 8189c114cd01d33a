#include "tests/kernels/cpu/convolution_definition.h"

#include <doctest/doctest.h>

#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

namespace tests {
namespace {

using engine::Tensor;
using kernels::Conv2dGeometry;

/// Calls visit(index in x, index in weight, index in y) for every product in the sums of a convolution.
void for_each_product(const Conv2dGeometry& g, const auto& visit) {
  for (std::int64_t n = 0; n < g.n; ++n)
    for (std::int64_t p = 0; p < g.p(); ++p)
      for (std::int64_t q = 0; q < g.q(); ++q)
        for (std::int64_t k = 0; k < g.k; ++k)
          for (std::int64_t r = 0; r < g.r; ++r)
            for (std::int64_t s = 0; s < g.s; ++s) {
              const std::int64_t row = p * g.stride + r - g.pad, column = q * g.stride + s - g.pad;
              if (row < 0 || row >= g.h || column < 0 || column >= g.w) continue;
              for (std::int64_t c = 0; c < g.c; ++c) {
                visit(static_cast<std::size_t>(((n * g.h + row) * g.w + column) * g.c + c),
                      static_cast<std::size_t>(((k * g.r + r) * g.s + s) * g.c + c),
                      static_cast<std::size_t>(((n * g.p() + p) * g.q() + q) * g.k + k));
              }
            }
}

}  // namespace

void check_convolution(const engine::Context& context, const Conv2dGeometry& g, const ConvolutionWay& way,
                       engine::Dtype dtype) {
  CAPTURE(g.n);
  CAPTURE(g.h);
  CAPTURE(g.c);
  CAPTURE(g.k);
  CAPTURE(g.pad);
  const Tensor x = random_tensor(context, {g.n, g.h, g.w, g.c}, 1, dtype);
  const Tensor weight = random_tensor(context, {g.k, g.r, g.s, g.c}, 2, dtype);
  const Tensor dy = random_tensor(context, {g.n, g.p(), g.q(), g.k}, 3, dtype);
  const auto xs = to_floats(x), ws = to_floats(weight), dys = to_floats(dy);
  std::vector<double> y(dys.size()), dx(xs.size()), dweight(ws.size());
  for_each_product(g, [&](std::size_t at_x, std::size_t at_weight, std::size_t at_y) {
    y[at_y] += static_cast<double>(xs[at_x]) * static_cast<double>(ws[at_weight]);
    dx[at_x] += static_cast<double>(dys[at_y]) * static_cast<double>(ws[at_weight]);
    dweight[at_weight] += static_cast<double>(dys[at_y]) * static_cast<double>(xs[at_x]);
  });
  const auto tolerance = [&](std::int64_t terms) { return way.rounding * static_cast<double>(terms + 16); };
  const double rounded = dtype == engine::Dtype::bf16 ? 0x1p-8 : 0;  // y and dx are rounded once

  const GuardedTensor out(context, dy.shape(), dtype), again(context, dy.shape(), dtype);
  way.forward(context, {.g = g, .x = x, .weight = weight, .y = out});
  way.forward(context, {.g = g, .x = x, .weight = weight, .y = again});
  expect_close(to_floats(out.checked()), y, rounded + tolerance(g.r * g.s * g.c));
  CHECK(to_floats(out.checked()) == to_floats(again.checked()));

  const GuardedTensor to_x(context, x.shape(), dtype), to_weight(context, weight.shape());
  for (const bool accumulate : {false, true}) {
    way.dgrad(context, {.g = g, .dy = dy, .weight = weight, .dx = {to_x, accumulate}});
    way.wgrad(context, {.g = g, .dy = dy, .x = x, .dweight = {to_weight, accumulate}});
    expect_close(to_floats(to_x.checked()), dx, 2 * (rounded + tolerance(g.r * g.s * g.k)));
    expect_close(to_weight.checked().to_host<float>(), dweight, 2 * tolerance(g.n * g.p() * g.q()));
    for (double& value : dx) value *= 2;  // what the accumulating run adds up to
    for (double& value : dweight) value *= 2;
  }
  const GuardedTensor x_again(context, x.shape(), dtype), weight_again(context, weight.shape());
  way.dgrad(context, {.g = g, .dy = dy, .weight = weight, .dx = {x_again, false}});
  way.dgrad(context, {.g = g, .dy = dy, .weight = weight, .dx = {to_x, false}});
  way.wgrad(context, {.g = g, .dy = dy, .x = x, .dweight = {weight_again, false}});
  way.wgrad(context, {.g = g, .dy = dy, .x = x, .dweight = {to_weight, false}});
  CHECK(to_floats(x_again.checked()) == to_floats(to_x.checked()));
  CHECK(weight_again.checked().to_host<float>() == to_weight.checked().to_host<float>());
}

}  // namespace tests
