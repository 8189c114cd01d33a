#include "kernels/random_crop.h"

namespace kernels::cpu {

void draw_crops(const Context& context, const DrawCrops& args) {
  const CropRange& range = args.range;
  const std::int64_t batch = args.counters.shape.rows();
  EXPECTS(args.counters.shape == (Shape{batch, 2}) && args.boxes.shape.rank() == 3 &&
              args.boxes.shape == (Shape{args.boxes.shape[0], batch, 4}),
          "draw_crops: counters must be [B,2] and boxes [views,B,4] with the same B, got counters ",
          args.counters.shape, " and boxes ", args.boxes.shape);
  EXPECTS(0 <= range.area_min && range.area_min <= range.area_max && range.area_max <= 1,
          "draw_crops: expected areas with 0 <= min <= max <= 1, got ", range.area_min, " and ", range.area_max);
  EXPECTS(0 < range.aspect_min && range.aspect_min <= range.aspect_max,
          "draw_crops: expected aspects with 0 < min <= max, got ", range.aspect_min, " and ", range.aspect_max);

  const auto* counters = args.counters.as<std::int32_t>();
  auto* boxes = args.boxes.as<std::int32_t>();
#pragma omp parallel for schedule(static) num_threads(context.threads())
  for (std::int64_t i = 0; i < args.boxes.shape.rows(); ++i) {  // a row is (view, image)
    const std::int64_t view = i / batch, image = i % batch;
    const std::uint64_t counter = static_cast<std::uint32_t>(counters[2 * image]) |
                                  std::uint64_t{static_cast<std::uint32_t>(counters[2 * image + 1])} << 32;
    engine::Philox random(args.seed, engine::Purpose::crop, static_cast<std::uint32_t>(view), counter);
    const CropBox box = draw_crop(random, args.height, args.width, range);
    std::int32_t* out = boxes + 4 * i;
    out[0] = box.y, out[1] = box.x, out[2] = box.height, out[3] = box.width;
  }
}

}  // namespace kernels::cpu
