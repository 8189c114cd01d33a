#include "kernels/directions.h"

#include <doctest/doctest.h>

#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::Side;
using tests::Twin;

TEST_CASE("cuda draw_directions: the CPU's directions, in registers and in global memory") {
  const std::pair<std::int64_t, std::int64_t> sizes[] = {{0, 5},   {1, 1},     {1, 7},     {5, 5},
                                                         {7, 10},  {33, 64},   {64, 64},   {63, 63},
                                                         {20, 65}, {128, 128}, {131, 131}, {40, 200}};
  for (const auto& [k, d] : sizes) {
    CAPTURE(k);
    CAPTURE(d);
    const Twin directions({k, d}), step({}, std::vector<std::int32_t>{4});
    on_both(cpu::draw_directions, cuda::draw_directions,
            [&](Side on) { return DrawDirections{.seed = 3, .step = on(step), .directions = on(directions)}; });
    directions.expect_close(1e-6);
  }
}

TEST_CASE("cuda draw_directions: without a step, those of step 0") {
  const Twin fixed({6, 9}), first({6, 9}), step({}, std::vector<std::int32_t>{0});
  tests::with_contexts([&](const engine::Context&, const engine::Context& context) {
    cuda::draw_directions(context, {.seed = 3, .step = {}, .directions = fixed.cuda()});
    cuda::draw_directions(context, {.seed = 3, .step = step.cuda(), .directions = first.cuda()});
  });
  CHECK(fixed.from_cuda() == first.from_cuda());
}
