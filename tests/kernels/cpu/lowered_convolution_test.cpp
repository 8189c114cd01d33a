#include "kernels/cpu/lowered_convolution.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace kernels;
using engine::Tensor;
using tests::random_tensor;

namespace {

constexpr Conv2dGeometry kGeometries[] = {
    {.n = 3, .h = 13, .w = 13, .c = 32, .k = 64, .r = 3, .s = 3, .stride = 2, .pad = 0},
    {.n = 130, .h = 6, .w = 6, .c = 8, .k = 5, .r = 3, .s = 3, .stride = 2, .pad = 0},  // several chunks, the last
                                                                                        // short
    {.n = 2, .h = 9, .w = 7, .c = 3, .k = 4, .r = 3, .s = 3, .stride = 2, .pad = 1},
    {.n = 1, .h = 5, .w = 5, .c = 2, .k = 3, .r = 5, .s = 5, .stride = 3, .pad = 4},  // windows beyond the image
    {.n = 4, .h = 8, .w = 8, .c = 3, .k = 2, .r = 2, .s = 2, .stride = 2, .pad = 0},
    {.n = 2, .h = 7, .w = 8, .c = 5, .k = 6, .r = 3, .s = 3, .stride = 1, .pad = 1}};

/// What a convolution must be by definition.
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

TEST_CASE("lowered convolution: forward, dgrad and wgrad equal the definition, overwriting and accumulating") {
  for (const int threads : {1, 3}) {
    const engine::Context context = kernels::make_context({.device = {}, .threads = threads});
    for (const Conv2dGeometry& g : kGeometries) {
      CAPTURE(g.n);
      CAPTURE(g.h);
      CAPTURE(g.pad);
      const Tensor x = random_tensor(context, {g.n, g.h, g.w, g.c}, 1);
      const Tensor weight = random_tensor(context, {g.k, g.r, g.s, g.c}, 2);
      const Tensor dy = random_tensor(context, {g.n, g.p(), g.q(), g.k}, 3);
      const auto xs = x.to_host<float>(), ws = weight.to_host<float>(), dys = dy.to_host<float>();
      std::vector<double> y(dys.size()), dx(xs.size()), dweight(ws.size());
      for_each_product(g, [&](std::size_t at_x, std::size_t at_weight, std::size_t at_y) {
        y[at_y] += static_cast<double>(xs[at_x]) * static_cast<double>(ws[at_weight]);
        dx[at_x] += static_cast<double>(dys[at_y]) * static_cast<double>(ws[at_weight]);
        dweight[at_weight] += static_cast<double>(dys[at_y]) * static_cast<double>(xs[at_x]);
      });
      const auto tolerance = [](std::int64_t terms) { return 1e-7 * static_cast<double>(terms + 16); };

      const Tensor out = Tensor::empty(context, dy.shape());
      cpu::lowered_forward(context, {.g = g, .x = x, .weight = weight, .y = out});
      tests::expect_close(out.to_host<float>(), y, tolerance(g.r * g.s * g.c));

      const Tensor to_x = Tensor::empty(context, x.shape()), to_weight = Tensor::empty(context, weight.shape());
      for (const bool accumulate : {false, true}) {
        cpu::lowered_dgrad(context, {.g = g, .dy = dy, .weight = weight, .dx = {to_x, accumulate}});
        cpu::lowered_wgrad(context, {.g = g, .dy = dy, .x = x, .dweight = {to_weight, accumulate}});
        tests::expect_close(to_x.to_host<float>(), dx, 2 * tolerance(g.r * g.s * g.k));
        tests::expect_close(to_weight.to_host<float>(), dweight, 2 * tolerance(g.n * g.p() * g.q()));
        for (double& value : dx) value *= 2;  // what the second round adds up to
        for (double& value : dweight) value *= 2;
      }
    }
  }
}

TEST_CASE("lowered convolution: no images leave a zero weight gradient") {
  const engine::Context context = kernels::make_context();
  const Conv2dGeometry g{.n = 0, .h = 5, .w = 5, .c = 2, .k = 3, .r = 3, .s = 3, .stride = 2, .pad = 0};
  const Tensor x = Tensor::zeros(context, {0, 5, 5, 2}), dy = Tensor::zeros(context, {0, 2, 2, 3});
  const Tensor dweight = random_tensor(context, {3, 3, 3, 2}, 1);
  cpu::lowered_wgrad(context, {.g = g, .dy = dy, .x = x, .dweight = {dweight, false}});
  CHECK(dweight.to_host<float>() == std::vector<float>(54, 0.0f));
}
