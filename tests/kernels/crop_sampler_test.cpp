#include "kernels/crop_sampler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
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
  /// The published value comes from an equal number of draws and is rounded to three digits.
  void check(double published) const {
    const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
    CHECK(std::abs(mean - published) < 0.0005 + 5 * std::sqrt(2 * variance / kDraws));
  }
};

using Sampler = CropBox(Philox& random, std::int64_t height, std::int64_t width, const CropRange& range);

void check_statistics(Sampler* draw, std::int64_t height, std::int64_t width, const CropRange& range,
                      const Statistics& expected) {
  CAPTURE(height);
  CAPTURE(width);
  std::vector<double> areas;
  Moments area, relative_height, aspect;
  for (int i = 0; i < kDraws; ++i) {
    Philox random(1, Purpose::crop, 0, static_cast<std::uint64_t>(i));
    const CropBox box = draw(random, height, width, range);
    areas.push_back(static_cast<double>(box.height) * box.width / static_cast<double>(height * width));
    area.add(areas.back());
    relative_height.add(static_cast<double>(box.height) / static_cast<double>(height));
    aspect.add(static_cast<double>(box.width) / box.height);
  }
  area.check(expected.mean_area);
  relative_height.check(expected.mean_height);
  if (expected.mean_aspect > 0) aspect.check(expected.mean_aspect);

  // The share of draws below the published quantile, minus and plus its rounding, encloses q up to sampling noise.
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

/// SimCLR's crops, implemented from the published rule with another generator and none of the sampler's code: the box
/// of up to a hundred attempts, for an output of any shape.
class PaperSampler {
 public:
  PaperSampler(int image_h, int image_w, int out_h, int out_w)
      : h_(image_h), w_(image_w), shape_(static_cast<double>(out_w) / out_h) {}

  CropBox draw() {
    for (int attempt = 0; attempt < 100; ++attempt) {
      const double a = std::uniform_real_distribution<>(0.75, 4.0 / 3)(random_) * shape_;
      const double smallest = 0.08 * h_ * w_, largest = h_ * w_;
      const int low = rint(std::sqrt(smallest / a));
      int high = rint(std::sqrt(largest / a));
      if (rint(high * a) > w_) {
        high = static_cast<int>((w_ + 0.5 - 1e-7) / a);
        if (rint(high * a) > w_) --high;
      }
      high = std::min(high, h_);
      int h = low >= high ? high : whole(low, high), w = rint(h * a);
      if (w * h < smallest) w = rint(++h * a);
      if (w * h > largest) w = rint(--h * a);
      if (w * h < smallest || w * h > largest || w > w_ || h > h_ || w <= 0 || h <= 0) continue;
      const int y = h < h_ ? whole(0, h_ - h - 1) : 0, x = w < w_ ? whole(0, w_ - w - 1) : 0;
      if (w * h >= 0.1 * h_ * w_) return {y, x, h, w};
    }
    return {0, 0, h_, w_};
  }

 private:
  static int rint(double value) { return static_cast<int>(std::nearbyint(value)); }
  int whole(int from, int to) { return std::uniform_int_distribution<>(from, to)(random_); }

  std::mt19937_64 random_{11};
  int h_, w_;
  double shape_;
};

/// The largest distance between the distributions of two samples (Kolmogorov-Smirnov). For samples from one
/// distribution it exceeds 2.5 sqrt(2 / n) once in 100,000 times.
double distance(std::vector<double> a, std::vector<double> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  double largest = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const double value = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    largest = std::max(largest, std::abs(static_cast<double>(i) - static_cast<double>(j)));
  }
  return largest / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("crop sampler: images and outputs of any shape have the boxes of the rule on paper") {
  const struct {
    int image_h, image_w, out_h, out_w;
  } cases[] = {{28, 28, 28, 28}, {16, 64, 16, 64},     {64, 16, 64, 16}, {37, 90, 37, 90},
               {7, 5, 7, 5},     {375, 500, 224, 224}, {32, 32, 16, 64}, {100, 40, 64, 64}};
  for (const auto& c : cases) {
    CAPTURE(c.image_h);
    CAPTURE(c.image_w);
    CAPTURE(c.out_h);
    CAPTURE(c.out_w);
    PaperSampler paper(c.image_h, c.image_w, c.out_h, c.out_w);
    const CropRange range = CropRange{}.for_output(c.out_h, c.out_w);
    std::vector<double> drawn[5], expected[5];  // y, x, height, width, area
    const auto note = [](std::vector<double>(&values)[5], const CropBox& box) {
      const double parts[5] = {static_cast<double>(box.y), static_cast<double>(box.x), static_cast<double>(box.height),
                               static_cast<double>(box.width), static_cast<double>(box.height) * box.width};
      for (int i = 0; i < 5; ++i) values[i].push_back(parts[i]);
    };
    for (int i = 0; i < kDraws; ++i) {
      Philox random(9, Purpose::crop, 1, static_cast<std::uint64_t>(i));
      note(drawn, draw_crop(random, c.image_h, c.image_w, range));
      note(expected, paper.draw());
    }
    for (int i = 0; i < 5; ++i) {
      CAPTURE(i);
      CHECK(distance(drawn[i], expected[i]) < 2.5 * std::sqrt(2.0 / kDraws));
    }
    if (c.image_h == 16) {
      const std::vector<double>& widths = drawn[3];
      CHECK(std::accumulate(widths.begin(), widths.end(), 0.0) / kDraws == doctest::Approx(40.0).epsilon(0.002));
    }
  }
}

TEST_CASE("crop sampler: a square output leaves the range as it is, to the last bit") {
  const CropRange plain, square = CropRange{}.for_output(28, 28);
  CHECK(square.aspect_min == plain.aspect_min);
  CHECK(square.aspect_max == plain.aspect_max);
  CHECK(square.area_min == plain.area_min);
  CHECK(square.area_max == plain.area_max);
}

TEST_CASE("crop sampler: the statistics of SimCLR's crops") {
  check_statistics(draw_crop, 224, 224, {}, {0.422, {.120, .220, .387, .603, .823}, .618, 1.042});
  check_statistics(draw_crop, 32, 32, {}, {0.432, {.118, .220, .404, .623, .848}, .625, 1.043});
  check_statistics(draw_crop, 112, 112, {}, {0.425, {.121, .222, .392, .608, .825}, .620, 1.042});
  check_statistics(draw_crop, 375, 500, {}, {0.388, {.118, .207, .354, .540, .776}, .681, 0});
  check_statistics(draw_crop, 28, 28, {.area_min = 0.5}, {0.678, {.509, .561, .663, .765, .895}, .812, 1.042});
}

// Made with torchvision 0.29:
//   boxes = [RandomResizedCrop.get_params(torch.empty(3, h, w), scale, ratio) for _ in range(200000)]
TEST_CASE("crop sampler: the statistics of torchvision's crops") {
  const auto draw = kernels::draw_torchvision_crop;
  check_statistics(draw, 224, 224, {}, {.4798, {.1200, .2784, .4757, .6747, .8570}, .6706, 1.0125});
  check_statistics(draw, 32, 32, {}, {.4905, {.1182, .2812, .4922, .6855, .8779}, .6780, 1.0125});
  check_statistics(draw, 375, 500, {}, {.4334, {.1136, .2509, .4223, .5940, .8129}, .7204, 1.0450});
  check_statistics(draw, 28, 28, {.area_min = 0.5}, {.7052, {.5281, .6059, .7015, .7959, .9286}, .8389, 1.0117});
  const CropRange wide{.area_min = 0.2, .aspect_min = 0.5, .aspect_max = 3};
  check_statistics(draw, 64, 64, wide, {.4676, {.2241, .3162, .4390, .5933, .8174}, .6592, 1.2040});
  check_statistics(draw, 100, 300, {.area_min = 0.3}, {.3944, {.3069, .3403, .4233, .4433, .4433}, .9707, 1.2509});
}

TEST_CASE("crop sampler: torchvision's boxes reach every offset, and the middle where nothing fits") {
  bool first = false, last = false;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    Philox random(3, Purpose::crop, 0, i);
    const CropBox box = kernels::draw_torchvision_crop(random, 28, 40, {});
    CHECK((box.y >= 0 && box.x >= 0 && box.height >= 1 && box.width >= 1));
    CHECK((box.y + box.height <= 28 && box.x + box.width <= 40));
    first |= box.x == 0 && box.width < 40, last |= box.x + box.width == 40 && box.width < 40;
  }
  CHECK(first);
  CHECK(last);
  const auto fallback = [](std::int64_t height, std::int64_t width, const CropRange& range) {
    Philox random(1, Purpose::crop, 0, 0);
    const CropBox box = kernels::draw_torchvision_crop(random, height, width, range);
    return std::vector<std::int32_t>{box.y, box.x, box.height, box.width};
  };
  const CropRange all{.area_min = 1};  // only the whole image has this area, and only at its own aspect
  CHECK(fallback(30, 100, all) == std::vector<std::int32_t>{0, 30, 30, 40});
  CHECK(fallback(100, 30, all) == std::vector<std::int32_t>{30, 0, 40, 30});
  CHECK(fallback(30, 31, {.area_min = 1, .aspect_min = 0.5, .aspect_max = 0.5}) ==
        std::vector<std::int32_t>{0, 8, 30, 15});
  CHECK(fallback(1, 4000, all) == std::vector<std::int32_t>{0, 1999, 1, 1});
}

TEST_CASE("crop sampler: the power of an aspect's range is the same everywhere, within 1e-14") {
  for (const double x : {1.0, 1.0000001, 16.0 / 9, 2.0, 6.0, 10.0, 99.9, 100.0}) {
    for (const double y : {0.0, 1e-9, 0.1, 0.5, 0.9, 1.0})
      CHECK(std::abs(kernels::portable_pow(x, y) / std::pow(x, y) - 1) < 1e-14);
  }
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
      {.area_min = 0.9, .aspect_min = 10, .aspect_max = 10},  // no box with this aspect has this area
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
