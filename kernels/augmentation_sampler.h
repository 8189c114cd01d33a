#pragma once
#include "kernels/augmentation.h"
#include "kernels/runtime/philox.h"

namespace kernels {

struct PixelSize {
  std::int64_t height, width;
};

/// The box of CropRule::center: a share of the image's height or width, whichever limits a box of the view's shape
/// (SimCLR's center_crop).
HOST_DEVICE inline CropBox center_box(const PixelSize& image, double share, const PixelSize& view) {
  const auto height = static_cast<double>(image.height), width = static_cast<double>(image.width);
  const double aspect = static_cast<double>(view.width) / static_cast<double>(view.height);
  const bool by_width = aspect > width / height;
  const auto within = [](std::int64_t side, std::int64_t most) { return side < 1 ? 1 : side > most ? most : side; };
  const std::int64_t h = within(round_half_even(by_width ? share / aspect * width : share * height), image.height),
                     w = within(round_half_even(by_width ? share * width : share * aspect * height), image.width);
  return {static_cast<std::int32_t>((image.height - h + 1) / 2), static_cast<std::int32_t>((image.width - w + 1) / 2),
          static_cast<std::int32_t>(h), static_cast<std::int32_t>(w)};
}

/// The box of a view. `random`: the stream of (seed, crop, view, fetch).
HOST_DEVICE inline CropBox draw_box(engine::Philox& random, const AugmentationRules& rules, const PixelSize& image,
                                    const PixelSize& view) {
  const CropRange range = rules.range.for_output(view.height, view.width);
  switch (rules.crop) {
    case CropRule::center: return center_box(image, rules.center, view);
    case CropRule::simclr: return draw_crop(random, image.height, image.width, range);
    case CropRule::torchvision: return draw_torchvision_crop(random, image.height, image.width, range);
    case CropRule::whole: break;
  }
  return {0, 0, static_cast<std::int32_t>(image.height), static_cast<std::int32_t>(image.width)};
}

/// Everything but the box. `random`: the stream of (seed, augmentation, view, fetch). Every draw takes the same words
/// of it whatever the rules are, so that changing one rule changes nothing else. `of_batch`: the stream of (seed, blur,
/// view, first fetch), for what a view's images share.
HOST_DEVICE inline AugmentationDraw draw_colors(engine::Philox& random, engine::Philox& of_batch,
                                                const AugmentationRules& rules) {
  const auto chance = [&](double probability) -> std::uint8_t {
    return static_cast<double>(random.uniform()) < probability ? 1 : 0;
  };
  const auto between = [](float uniform, double low, double high) {
    return static_cast<float>(low + (high - low) * static_cast<double>(uniform));
  };
  const auto factor = [&](double distance) {
    return between(random.uniform(), distance < 1 ? 1 - distance : 0, 1 + distance);
  };
  AugmentationDraw draw{};
  draw.flip = chance(rules.flip);
  draw.jitter = chance(rules.jitter);
  draw.gray = chance(rules.gray);
  const bool blurred = chance(rules.blur) != 0;
  const double most = 0.8 * rules.strength, most_hue = 0.2 * rules.strength;
  draw.brightness = rules.brightness == Brightness::multiply ? factor(most) : between(random.uniform(), -most, most);
  draw.contrast = factor(most);
  draw.saturation = factor(most);
  draw.hue = between(random.uniform(), -most_hue, most_hue);
  std::uint32_t order[kColorOperations] = {0, 1, 2, 3};
  for (std::uint32_t left = kColorOperations; left > 1; --left) {  // Fisher and Yates' shuffle
    const std::uint32_t chosen = random.below(left), last = order[left - 1];
    order[left - 1] = order[chosen];
    order[chosen] = last;
  }
  draw.order = 0;
  for (int place = 0; place < kColorOperations; ++place)
    draw.order = static_cast<std::uint8_t>(draw.order | order[place] << (2 * place));
  const float own = random.uniform(), shared = of_batch.uniform();
  if (blurred) draw.sigma = between(rules.sigma_per_image ? own : shared, rules.sigma_min, rules.sigma_max);
  return draw;
}

/// What a draw depends on, with the rules and the sizes, and on nothing else: the same visit of the same example gets
/// the same view with any number of workers and on any device.
struct AugmentationStream {
  std::uint64_t seed;
  std::uint32_t view;
  std::uint64_t fetch, first_fetch;  // of the image, and of the first one of its batch
};

/// Compile without contraction (-ffp-contract=off, -fmad=false).
HOST_DEVICE inline AugmentationDraw draw_augmentation(const AugmentationStream& stream, const AugmentationRules& rules,
                                                      const PixelSize& image, const PixelSize& view) {
  engine::Philox colors(stream.seed, engine::Purpose::augmentation, stream.view, stream.fetch),
      of_batch(stream.seed, engine::Purpose::blur, stream.view, stream.first_fetch),
      crop(stream.seed, engine::Purpose::crop, stream.view, stream.fetch);
  AugmentationDraw draw = draw_colors(colors, of_batch, rules);
  draw.box = draw_box(crop, rules, image, view);
  return draw;
}

}  // namespace kernels
