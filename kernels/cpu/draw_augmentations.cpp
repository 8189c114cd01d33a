#include "kernels/draw_augmentations.h"

#include "kernels/augmentation_sampler.h"

// Compiled without contraction to fused multiply-adds (-ffp-contract=off), as draw_augmentation requires.
namespace kernels::cpu {

void draw_augmentations(const Context& context, const DrawAugmentations& args) {
  expect_valid(args);
  const std::int64_t batch = args.counters.shape.elements();
  const auto *counters = args.counters.as<std::int64_t>(), *first = args.first_counter();
  const auto* extents = args.extents.as<std::int32_t>();
  auto* draws = args.draws.as<std::int32_t>();
#pragma omp parallel for schedule(static) num_threads(context.threads())
  for (std::int64_t i = 0; i < args.draws.shape.rows(); ++i) {  // a row is (view, image)
    const std::int64_t view = i / batch, image = i % batch;
    const AugmentationDraw draw =
        draw_augmentation({.seed = args.seed,
                           .view = static_cast<std::uint32_t>(view),
                           .fetch = static_cast<std::uint64_t>(counters[image]),
                           .first_fetch = static_cast<std::uint64_t>(*first)},
                          args.rules, {extents[2 * image], extents[2 * image + 1]}, {args.height, args.width});
    write_draw(draw, draws + kDrawWords * i);
  }
}

}  // namespace kernels::cpu
