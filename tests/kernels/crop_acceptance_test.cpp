#include "kernels/crop_acceptance.h"

#include <doctest/doctest.h>

#include <cmath>

using kernels::CropRange;
using kernels::share_given_up;

TEST_CASE("crop acceptance: images of all shapes and sizes have crops of the default range") {
  const struct {
    std::int64_t h, w;
  } shapes[] = {{28, 28}, {16, 64}, {64, 16}, {1, 64}, {64, 1}, {1, 1}, {2, 3}, {224, 224}, {20, 30'000}};
  for (const auto& [h, w] : shapes) {
    CAPTURE(h);
    CAPTURE(w);
    CHECK(share_given_up(h, w, CropRange{}.for_output(h, w)) < 1e-9);
  }
}

TEST_CASE("crop acceptance: what no box can be is given up always") {
  CHECK(share_given_up(28, 28, {.area_min = 0.01, .area_max = 0.09}) == 1);
  CHECK(share_given_up(28, 28, {.area_min = 0.3, .area_max = 0.3}) == 1);  // 235.2 pixels
  CHECK(share_given_up(1, 1, {.area_min = 0.08, .area_max = 0.5}) == 1);
  CHECK(share_given_up(28, 28, {.area_min = 0.9, .aspect_min = 10, .aspect_max = 10}) == 1);
}

TEST_CASE("crop acceptance: a range that is hard to meet is given up as often as boxes are whole images") {
  constexpr int kDraws = 5000;
  const CropRange ranges[] = {
      {.area_min = 0.08, .area_max = 0.1004},  // few of them cover a tenth
      {.area_min = 0.9999, .area_max = 0.99999},
      {.area_min = 0.25, .area_max = 0.25},  // 56 x 56 pixels of 112 x 112, and a few more
      {.area_min = 0.5, .area_max = 0.9},
  };
  for (const CropRange& range : ranges) {
    CAPTURE(range.area_max);
    int whole = 0;
    for (int i = 0; i < kDraws; ++i) {
      engine::Philox random(5, engine::Purpose::crop, 0, static_cast<std::uint64_t>(i));
      const kernels::CropBox box = kernels::draw_crop(random, 112, 112, range);
      whole += box.height == 112 && box.width == 112 ? 1 : 0;
    }
    CHECK(std::abs(share_given_up(112, 112, range) - static_cast<double>(whole) / kDraws) < 0.05);
  }
}
