#include "kernels/random_crop.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/launch.h"

// Compiled without contraction to fused multiply-adds (-fmad=false), as draw_crop requires.
namespace kernels::cuda {
namespace {

// One thread per box; a row is a pair (view, image).
__global__ void __launch_bounds__(kThreads)
    draw_boxes(std::uint64_t seed, std::int64_t height, std::int64_t width, CropRange range,
               const std::int64_t* counters, std::int64_t batch, std::int64_t rows, std::int32_t* boxes) {
  for (std::int64_t i = first_in_grid(); i < rows; i += grid_stride()) {
    const std::int64_t view = i / batch, image = i % batch;
    engine::Philox random(seed, engine::Purpose::crop, static_cast<std::uint32_t>(view),
                          static_cast<std::uint64_t>(counters[image]));
    const CropBox box = draw_crop(random, height, width, range);
    std::int32_t* out = boxes + 4 * i;
    out[0] = box.y, out[1] = box.x, out[2] = box.height, out[3] = box.width;
  }
}

}  // namespace

void draw_crops(const Context& context, const DrawCrops& args) {
  expect_valid(args);
  const std::int64_t rows = args.boxes.shape.rows();
  launch(strided(rows, stream(context)), draw_boxes, args.seed, args.height, args.width, args.range,
         args.counters.as<std::int64_t>(), args.counters.shape.elements(), rows, args.boxes.as<std::int32_t>());
}

}  // namespace kernels::cuda
