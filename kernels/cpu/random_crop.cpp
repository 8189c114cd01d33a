#include "kernels/random_crop.h"

namespace kernels::cpu {

void draw_crops(const Context& context, const DrawCrops& args) {
  expect_valid(args);
  const std::int64_t batch = args.counters.shape.elements();
  const auto* counters = args.counters.as<std::int64_t>();
  auto* boxes = args.boxes.as<std::int32_t>();
#pragma omp parallel for schedule(static) num_threads(context.threads())
  for (std::int64_t i = 0; i < args.boxes.shape.rows(); ++i) {  // a row is (view, image)
    const std::int64_t view = i / batch, image = i % batch;
    engine::Philox random(args.seed, engine::Purpose::crop, static_cast<std::uint32_t>(view),
                          static_cast<std::uint64_t>(counters[image]));
    const CropBox box = draw_crop(random, args.height, args.width, args.range);
    std::int32_t* out = boxes + 4 * i;
    out[0] = box.y, out[1] = box.x, out[2] = box.height, out[3] = box.width;
  }
}

}  // namespace kernels::cpu
