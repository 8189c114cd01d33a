#include "kernels/random_crop.h"

namespace kernels {

void expect_valid(const DrawCrops& args) {
  const CropRange& range = args.range;
  const std::int64_t batch = args.counters.shape.elements();
  EXPECTS(args.counters.shape == Shape{batch} && args.boxes.shape.rank() == 3 &&
              args.boxes.shape == (Shape{args.boxes.shape[0], batch, 4}),
          "draw_crops: counters must be [B] and boxes [views,B,4] with the same B, got counters ", args.counters.shape,
          " and boxes ", args.boxes.shape);
  EXPECTS(0 <= range.area_min && range.area_min <= range.area_max && range.area_max <= 1,
          "draw_crops: expected areas with 0 <= min <= max <= 1, got ", range.area_min, " and ", range.area_max);
  EXPECTS(0 < range.aspect_min && range.aspect_min <= range.aspect_max,
          "draw_crops: expected aspects with 0 < min <= max, got ", range.aspect_min, " and ", range.aspect_max);
}

}  // namespace kernels
