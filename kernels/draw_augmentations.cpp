#include "kernels/draw_augmentations.h"

namespace kernels {
namespace {

void expect_probability(double value, const char* of) {
  EXPECTS(value >= 0 && value <= 1, "draw_augmentations: expected a probability of ", of, " from 0 to 1, got ", value);
}

}  // namespace

void expect_valid(const DrawAugmentations& args) {
  const AugmentationRules& rules = args.rules;
  const CropRange& range = rules.range;
  const std::int64_t batch = args.counters.shape.elements();
  EXPECTS(args.counters.shape == Shape{batch} && args.extents.shape == (Shape{batch, 2}) &&
              args.draws.shape.rank() == 3 && args.draws.shape == (Shape{args.draws.shape[0], batch, kDrawWords}),
          "draw_augmentations: counters must be [B], extents [B,2] and draws [views,B,", kDrawWords,
          "] with the same B, got counters ", args.counters.shape, ", extents ", args.extents.shape, " and draws ",
          args.draws.shape);
  EXPECTS(args.height >= 0 && args.width >= 0 && args.height <= kMostPixels && args.width <= kMostPixels,
          "draw_augmentations: expected views of at most ", kMostPixels, " pixels a side, got ", args.height, " x ",
          args.width);
  EXPECTS(0 <= range.area_min && range.area_min <= range.area_max && range.area_max <= 1,
          "draw_augmentations: expected areas with 0 <= min <= max <= 1, got ", range.area_min, " and ",
          range.area_max);
  EXPECTS(0 < range.aspect_min && range.aspect_min <= range.aspect_max && range.aspect_max <= 100 * range.aspect_min,
          "draw_augmentations: expected aspects with 0 < min <= max <= 100 min, got ", range.aspect_min, " and ",
          range.aspect_max);
  EXPECTS(0 < rules.center && rules.center <= 1, "draw_augmentations: expected a middle of 0 to 1 of the side, got ",
          rules.center);
  expect_probability(rules.flip, "flips");
  expect_probability(rules.jitter, "colour jitter");
  expect_probability(rules.gray, "grey images");
  expect_probability(rules.blur, "blur");
  EXPECTS(rules.strength >= 0 && rules.strength <= 1.25,
          "draw_augmentations: expected a strength of the jitter from 0 to 1.25, got ", rules.strength);
  EXPECTS(0 < rules.sigma_min && rules.sigma_min <= rules.sigma_max && rules.sigma_max <= 1e3,
          "draw_augmentations: expected a blur with 0 < sigma_min <= sigma_max <= 1000, got ", rules.sigma_min, " and ",
          rules.sigma_max);
}

}  // namespace kernels
