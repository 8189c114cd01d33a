#include "kernels/random_crop.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::Side;
using tests::Twin;

TEST_CASE("cuda draw_crops draws the CPU's boxes, to the pixel") {
  struct Case {
    std::int64_t views, batch, height, width;
    CropRange range = {};
  };
  const Case cases[] = {
      {2, 0, 28, 28},
      {1, 1, 28, 28},
      {2, 700, 224, 224},
      {3, 131, 375, 500},
      {2, 2000, 16, 64, CropRange{}.for_output(16, 64)},
      {2, 2000, 64, 16, CropRange{}.for_output(64, 16)},
      {2, 2000, 37, 90, CropRange{}.for_output(37, 90)},
      {2, 300, 28, 112, {.area_min = 0.3, .area_max = 0.9, .aspect_min = 2, .aspect_max = 5}},
      {2, 300, 7, 5, {.area_min = 0, .area_max = 1, .aspect_min = 0.1, .aspect_max = 9}},
      {1, 100, 3, 300},  // almost no box fits: many attempts, then the whole image
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    std::mt19937_64 random(7);
    std::vector<std::int64_t> words(static_cast<std::size_t>(c.batch));
    for (std::int64_t& word : words) word = static_cast<std::int64_t>(random());
    const Twin counters({c.batch}, words), boxes({c.views, c.batch, 4}, Dtype::i32);
    on_both(cpu::draw_crops, cuda::draw_crops, [&](Side on) {
      return DrawCrops{.seed = 0x123456789abcdefu,
                       .height = c.height,
                       .width = c.width,
                       .range = c.range,
                       .counters = on(counters),
                       .boxes = on(boxes)};
    });
    boxes.expect_equal();
  }
}

TEST_CASE("cuda draw_crops: a range that is none is one sentence") {
  tests::with_contexts([](const engine::Context&, const engine::Context& on_cuda) {
    const Twin counters({1}, Dtype::i64), boxes({1, 1, 4}, Dtype::i32);
    CHECK_THROWS_WITH_AS(cuda::draw_crops(on_cuda, {.seed = 1,
                                                    .height = 8,
                                                    .width = 8,
                                                    .range = {.area_min = 0.5, .area_max = 0.25},
                                                    .counters = counters.cuda(),
                                                    .boxes = boxes.cuda()}),
                         "draw_crops: expected areas with 0 <= min <= max <= 1, got 0.5 and 0.25", engine::Error);
  });
}
