#include "kernels/draw_augmentations.h"

#include "kernels/augmentation_sampler.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/launch.h"

// Compiled without contraction to fused multiply-adds (-fmad=false), as draw_augmentation requires.
namespace kernels::cuda {
namespace {

struct Sizes {
  std::int64_t batch, rows;
  PixelSize view;
};

// One thread per draw; a row is a pair (view, image).
__global__ void __launch_bounds__(kThreads, 2)
    draw_rows(std::uint64_t seed, AugmentationRules rules, Sizes sizes, const std::int32_t* extents,
              const std::int64_t* counters, const std::int64_t* first, AugmentationDraw* draws) {
  for (std::int64_t i = first_in_grid(); i < sizes.rows; i += grid_stride()) {
    const std::int64_t view = i / sizes.batch, image = i % sizes.batch;
    draws[i] = draw_augmentation({.seed = seed,
                                  .view = static_cast<std::uint32_t>(view),
                                  .fetch = static_cast<std::uint64_t>(counters[image]),
                                  .first_fetch = static_cast<std::uint64_t>(*first)},
                                 rules, {extents[2 * image], extents[2 * image + 1]}, sizes.view);
  }
}

}  // namespace

void draw_augmentations(const Context& context, const DrawAugmentations& args) {
  expect_valid(args);
  const std::int64_t rows = args.draws.shape.rows();
  launch(strided(rows, stream(context)), draw_rows, args.seed, args.rules,
         Sizes{.batch = args.counters.shape.elements(), .rows = rows, .view = {args.height, args.width}},
         args.extents.as<std::int32_t>(), args.counters.as<std::int64_t>(), args.first_counter(),
         reinterpret_cast<AugmentationDraw*>(args.draws.as<std::int32_t>()));
}

}  // namespace kernels::cuda
