#include "kernels/prior.h"

#include <doctest/doctest.h>

#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::Side;
using tests::Start;
using tests::Twin;

TEST_CASE("cuda draw_prior: the CPU's rows") {
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{0, 4}, {1, 1}, {3, 2}, {9, 7}, {17, 64}, {5, 132}, {2, 301}};
  for (const Prior prior : {Prior::sphere, Prior::cube, Prior::normal}) {
    for (const auto& [n, d] : shapes) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        CAPTURE(static_cast<int>(prior));
        CAPTURE(n);
        CAPTURE(d);
        const Twin rows({n, d}, Dtype::f32, start), step({}, std::vector<std::int32_t>{4});
        on_both(cpu::draw_prior, cuda::draw_prior, [&](Side on) {
          return DrawPrior{.seed = 3, .step = on(step), .prior = prior, .scale = 1.5f, .rows = on(rows)};
        });
        rows.expect_close(2e-6);
      }
    }
  }
}

TEST_CASE("cuda draw_prior: without a step, the CPU's rows") {
  const Twin rows({5, 7});
  on_both(cpu::draw_prior, cuda::draw_prior, [&](Side on) {
    return DrawPrior{.seed = 3, .step = {}, .prior = Prior::cube, .scale = 1.5f, .rows = on(rows)};
  });
  rows.expect_close(2e-6);
}

TEST_CASE("cuda normal_quantiles: the CPU's") {
  for (const std::int64_t n : {0, 1, 2, 700}) {
    CAPTURE(n);
    const Twin column({n});
    on_both(cpu::normal_quantiles, cuda::normal_quantiles,
            [&](Side on) { return NormalQuantiles{.std = 2, .column = on(column)}; });
    column.expect_close(1e-6);
  }
}
