#include "kernels/crop_sampler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using engine::Philox;
using engine::Purpose;
using kernels::CropBox;
using kernels::CropRange;
using kernels::draw_crop;

namespace {

constexpr int kDraws = 200000;

struct Statistics {
  double mean_area, quantiles[5];  // at 5, 25, 50, 75 and 95 %; areas as fractions of the image
  double mean_height;              // as a fraction of the image's
  double mean_aspect;              // width / height; 0: not published
};

struct Moments {
  double sum = 0, squares = 0;
  void add(double value) { sum += value, squares += value * value; }
  /// The published figure rests on as many draws and is rounded to three digits.
  void check(double published) const {
    const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
    CHECK(std::abs(mean - published) < 0.0005 + 5 * std::sqrt(2 * variance / kDraws));
  }
};

void check_statistics(std::int64_t height, std::int64_t width, const CropRange& range, const Statistics& expected) {
  CAPTURE(height);
  CAPTURE(width);
  std::vector<double> areas;
  Moments area, relative_height, aspect;
  for (int i = 0; i < kDraws; ++i) {
    Philox random(1, Purpose::crop, 0, static_cast<std::uint64_t>(i));
    const CropBox box = draw_crop(random, height, width, range);
    areas.push_back(static_cast<double>(box.height) * box.width / static_cast<double>(height * width));
    area.add(areas.back());
    relative_height.add(static_cast<double>(box.height) / static_cast<double>(height));
    aspect.add(static_cast<double>(box.width) / box.height);
  }
  area.check(expected.mean_area);
  relative_height.check(expected.mean_height);
  if (expected.mean_aspect > 0) aspect.check(expected.mean_aspect);

  // q lies between the shares of draws below the published quantile, less and plus its rounding, up to sampling noise.
  const double levels[5] = {0.05, 0.25, 0.5, 0.75, 0.95};
  for (int i = 0; i < 5; ++i) {
    const double q = levels[i], noise = 5 * std::sqrt(2 * q * (1 - q) / kDraws);
    const auto share_below = [&](double value) {
      return static_cast<double>(std::ranges::count_if(areas, [=](double drawn) { return drawn <= value; })) / kDraws;
    };
    CHECK(share_below(expected.quantiles[i] - 0.0005) < q + noise);
    CHECK(share_below(expected.quantiles[i] + 0.0005) > q - noise);
  }
}

}  // namespace

TEST_CASE("crop sampler: the statistics of SimCLR's crops") {
  check_statistics(224, 224, {}, {0.422, {.120, .220, .387, .603, .823}, .618, 1.042});
  check_statistics(32, 32, {}, {0.432, {.118, .220, .404, .623, .848}, .625, 1.043});
  check_statistics(112, 112, {}, {0.425, {.121, .222, .392, .608, .825}, .620, 1.042});
  check_statistics(375, 500, {}, {0.388, {.118, .207, .354, .540, .776}, .681, 0});
  check_statistics(28, 28, {.area_min = 0.5}, {0.678, {.509, .561, .663, .765, .895}, .812, 1.042});
}

TEST_CASE("crop sampler: boxes lie inside, keep their area and aspect, and never take the last possible offset") {
  constexpr std::int64_t kHeight = 28, kWidth = 40;
  bool last_but_one_y = false, last_but_one_x = false;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    Philox random(3, Purpose::crop, 0, i);
    const CropBox box = draw_crop(random, kHeight, kWidth, {});
    CHECK((box.y >= 0 && box.x >= 0 && box.height >= 1 && box.width >= 1));
    if (box.height < kHeight) CHECK(box.y < kHeight - box.height);
    if (box.height == kHeight) CHECK(box.y == 0);
    if (box.width < kWidth) CHECK(box.x < kWidth - box.width);
    if (box.width == kWidth) CHECK(box.x == 0);
    last_but_one_y |= box.height < kHeight - 1 && box.y == kHeight - box.height - 1;
    last_but_one_x |= box.width < kWidth - 1 && box.x == kWidth - box.width - 1;
    CHECK(box.height * box.width >= 0.1 * kHeight * kWidth);
    // width = rint(height * aspect), so the aspect is kept to half a pixel
    CHECK((box.width >= box.height * 0.75 - 0.5 && box.width <= box.height * 4 / 3.0 + 0.5));
  }
  CHECK(last_but_one_y);
  CHECK(last_but_one_x);
}

TEST_CASE("crop sampler: falls back to the whole image when nothing fits") {
  const CropRange impossible[] = {
      {.area_min = 0.9, .aspect_min = 10, .aspect_max = 10},  // no box this wide has this area
      {.area_min = 0.02, .area_max = 0.05},                   // covers less than a tenth of the image
  };
  for (const CropRange& range : impossible) {
    Philox random(1, Purpose::crop, 0, 0);
    const CropBox box = draw_crop(random, 28, 28, range);
    CHECK((box.y == 0 && box.x == 0 && box.height == 28 && box.width == 28));
  }
}

TEST_CASE("crop sampler: rounds half to even") {
  CHECK(kernels::round_half_even(0.5) == 0);
  CHECK(kernels::round_half_even(1.5) == 2);
  CHECK(kernels::round_half_even(2.5) == 2);
  CHECK(kernels::round_half_even(2.500001) == 3);
}
