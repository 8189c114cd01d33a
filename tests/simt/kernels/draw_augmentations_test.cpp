#include "kernels/draw_augmentations.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::Side;
using tests::Twin;

namespace {

struct Case {
  std::int64_t views, batch, height, width;  // of the images, if it is not 0; else each has a size of its own
  std::int64_t h = 224, w = 224;
  AugmentationRules rules = {};
};

AugmentationRules simclr(Brightness brightness = Brightness::multiply, bool sigma_per_image = false) {
  return {.crop = CropRule::simclr,
          .interpolation = Interpolation::bicubic,
          .flip = 0.5,
          .jitter = 0.8,
          .brightness = brightness,
          .gray = 0.2,
          .blur = 0.5,
          .sigma_per_image = sigma_per_image};
}
AugmentationRules cropped(CropRule crop, const CropRange& range = {}) { return {.crop = crop, .range = range}; }

}  // namespace

TEST_CASE("cuda draw_augmentations draws what the CPU draws, to the byte") {
  AugmentationRules weak = simclr();
  weak.strength = 0.3;
  AugmentationRules middle = cropped(CropRule::center);
  middle.center = 0.6;
  const Case cases[] = {
      {2, 0, 28, 28},
      {1, 1, 28, 28},
      {2, 300, 0, 0, 224, 224, simclr()},
      {2, 300, 0, 0, 96, 160, simclr(Brightness::add, true)},
      {1, 300, 0, 0, 32, 32, weak},
      {1, 300, 0, 0, 224, 224, cropped(CropRule::whole)},
      {1, 300, 0, 0, 224, 224, cropped(CropRule::center)},
      {1, 300, 0, 0, 30, 70, middle},
      {3, 131, 375, 500, 224, 224, cropped(CropRule::simclr)},
      {2, 2000, 16, 64, 16, 64, cropped(CropRule::simclr)},
      {2, 2000, 64, 16, 64, 16, cropped(CropRule::simclr)},
      {2, 2000, 37, 90, 37, 90, cropped(CropRule::simclr)},
      {2, 300, 28, 112, 28, 28,
       cropped(CropRule::simclr, {.area_min = 0.3, .area_max = 0.9, .aspect_min = 2, .aspect_max = 5})},
      {2, 300, 7, 5, 5, 5,
       cropped(CropRule::simclr, {.area_min = 0, .area_max = 1, .aspect_min = 0.1, .aspect_max = 9})},
      {1, 100, 3, 300, 20, 20, cropped(CropRule::simclr)},  // almost no box fits: many attempts, then the whole image
      {3, 700, 0, 0, 224, 224, cropped(CropRule::torchvision)},
      {2, 700, 64, 64, 64, 48, cropped(CropRule::torchvision, {.area_min = 0.2, .aspect_min = 0.1, .aspect_max = 9})},
      {1, 100, 3, 300, 20, 20, cropped(CropRule::torchvision)},  // ten attempts, then a box in the middle
      {1, 100, 300, 3, 20, 20, cropped(CropRule::torchvision)},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    std::mt19937_64 random(7);
    std::vector<std::int64_t> counters(static_cast<std::size_t>(c.batch));
    std::vector<std::int32_t> sizes;
    for (std::int64_t& counter : counters) {
      counter = static_cast<std::int64_t>(random() >> 1);
      for (const std::int64_t size : {c.height, c.width})
        sizes.push_back(static_cast<std::int32_t>(size > 0 ? size : 1 + static_cast<std::int64_t>(random() % 600)));
    }
    const Twin extents({c.batch, 2}, sizes), words({c.batch}, counters),
        draws({c.views, c.batch, kDrawWords}, Dtype::i32);
    on_both(cpu::draw_augmentations, cuda::draw_augmentations, [&](Side on) {
      return DrawAugmentations{.seed = 0x1234567890abcdef,
                               .rules = c.rules,
                               .height = c.h,
                               .width = c.w,
                               .extents = on(extents),
                               .counters = on(words),
                               .draws = on(draws)};
    });
    draws.expect_equal_bytes();
  }
}

TEST_CASE("cuda draw_augmentations: the first image of a batch may be in another part of it") {
  const Twin extents({3, 2}, std::vector<std::int32_t>{50, 60, 70, 80, 90, 100}),
      words({3}, std::vector<std::int64_t>{11, 12, 13}), first({1}, std::vector<std::int64_t>{7}),
      draws({2, 3, kDrawWords}, Dtype::i32);
  AugmentationRules rules = simclr();
  rules.blur = 1;
  on_both(cpu::draw_augmentations, cuda::draw_augmentations, [&](Side on) {
    return DrawAugmentations{.seed = 5,
                             .rules = rules,
                             .height = 64,
                             .width = 64,
                             .extents = on(extents),
                             .counters = on(words),
                             .draws = on(draws),
                             .first = on(first)};
  });
  draws.expect_equal_bytes();
}
