#include "apps/bench/canvas_works.h"

#include <doctest/doctest.h>

#include "kernels/context.h"

TEST_CASE("canvas works: draw as many canvases as asked, others in every run") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  const apps::Work two = apps::two_digits_work(context, {.batch_size = 3});
  const apps::Work sixteen = apps::sixteen_digits_work(context, {.batch_size = 3});
  CHECK(two.name == "canvases-2, 3 canvases of 112x112x3 with 2 digits");
  CHECK(two.items == 3);
  CHECK(sixteen.name == "canvases-16, 3 canvases of 112x112x3 with 16 digits");
  const auto ink = [](const apps::Work& work) { return work.run().to_host<float>().at(0); };
  const float first = ink(two), second = ink(two);
  CHECK(first > 0);
  CHECK(first != second);
  CHECK(ink(sixteen) > 2 * first);
}
