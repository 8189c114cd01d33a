#include "kernels/unit_directions.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/normal_numbers.h"
#include "kernels/runtime/philox.h"

namespace kernels::cuda {
namespace {

// One warp per direction. A lane takes two pairs at a time, one block of the generator, and scales its numbers once the
// length is known.
__global__ void __launch_bounds__(kThreads)
    draw_unit_directions(std::uint64_t seed, const std::int32_t* step, std::int64_t first, std::int64_t m,
                         std::int64_t d, float* directions) {
  const std::int64_t row = warp_in_grid();
  if (row >= m) return;
  const engine::Philox random(seed, engine::Purpose::directions, static_cast<std::uint32_t>(first + row),
                              static_cast<std::uint64_t>(__ldg(step)));
  float* out = directions + row * d;
  const std::int64_t half = ceil_div(d, 2);
  float squares = 0;
#pragma unroll 1  // unrolled, it would spill registers
  for (std::int64_t p = 2 * lane_in_warp(); p < half; p += 2 * kWarp) {
    const auto block = random.words(static_cast<std::uint32_t>(p / 2));
#pragma unroll
    for (int k = 0; k < 2; ++k) {
      const NormalPair pair = normal_pair(block.word[2 * k], block.word[2 * k + 1]);
      if (p + k < half) {
        out[p + k] = pair.first;
        squares += pair.first * pair.first;
      }
      if (p + k + half < d) {
        out[p + k + half] = pair.second;
        squares += pair.second * pair.second;
      }
    }
  }
  squares = warp_sum(squares);
  const float factor = squares > 0 ? 1 / sqrtf(squares) : 0.0f;
#pragma unroll 1
  for (std::int64_t p = 2 * lane_in_warp(); p < half; p += 2 * kWarp) {
#pragma unroll
    for (int k = 0; k < 2; ++k) {
      if (p + k < half) out[p + k] *= factor;
      if (p + k + half < d) out[p + k + half] *= factor;
    }
  }
  if (squares == 0 && lane_in_warp() == 0) out[0] = 1;  // one in 2^25 directions of one or two dimensions
}

}  // namespace

void unit_directions(const Context& context, const UnitDirections& args) {
  const std::int64_t m = args.directions.shape.rows(), d = args.directions.shape.cols();
  launch(warp_each(m, stream(context)), draw_unit_directions, args.seed, args.step.as<std::int32_t>(), args.first, m, d,
         args.directions.as<float>());
}

}  // namespace kernels::cuda
