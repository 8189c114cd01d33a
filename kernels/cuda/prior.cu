#include "kernels/prior.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/normal_numbers.h"
#include "kernels/runtime/philox.h"

namespace kernels::cuda {
namespace {

struct Rows {
  std::uint64_t seed;
  const std::int32_t* step;  // or null: step 0
  std::int64_t n, d;
  float scale;
  float* rows;
};

// One warp per row. A lane computes four numbers from the four words of a draw.
template <Prior kPrior, int kWidth>
__global__ void __launch_bounds__(kThreads) draw_rows(Rows args) {
  const std::int64_t i = warp_in_grid();
  if (i >= args.n) return;
  const std::int64_t step = args.step != nullptr ? *args.step : 0;
  const engine::Philox random(args.seed, engine::Purpose::prior, 0, static_cast<std::uint64_t>(step * args.n + i));
  float* row = args.rows + i * args.d;
  double squares = 0;
  for (std::int64_t at = 4 * lane_in_warp(); at < args.d; at += 4 * kWarp) {
    const engine::Philox::Block words = random.words(static_cast<std::uint32_t>(at / 4));
    float numbers[4];
    if constexpr (kPrior == Prior::cube) {
#pragma unroll
      for (int j = 0; j < 4; ++j) numbers[j] = uniform_number(words.word[j], args.scale);
    } else {
      const NormalPair a = normal_pair(words.word[0], words.word[1]), b = normal_pair(words.word[2], words.word[3]);
      const float scale = kPrior == Prior::normal ? args.scale : 1;
      numbers[0] = scale * a.first;
      numbers[1] = scale * a.second;
      numbers[2] = scale * b.first;
      numbers[3] = scale * b.second;
    }
    if constexpr (kWidth == 4) {
      write<false>(row + at, numbers);
    } else {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (at + j < args.d) row[at + j] = numbers[j];
      }
    }
    if constexpr (kPrior == Prior::sphere) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (at + j < args.d) squares += static_cast<double>(numbers[j]) * numbers[j];
      }
    }
  }
  if constexpr (kPrior == Prior::sphere) {
    const auto factor = static_cast<float>(1 / sqrt(warp_sum(squares)));
    for (std::int64_t at = 4 * lane_in_warp(); at < args.d; at += 4 * kWarp) {  // the lane's own numbers
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (at + j < args.d) row[at + j] *= factor;
      }
    }
  }
}

__global__ void __launch_bounds__(kThreads) write_quantiles(float std, std::int64_t n, float* column) {
  for (std::int64_t i = first_in_grid(); i < n; i += grid_stride()) {
    const double p = static_cast<double>(i + 1) / static_cast<double>(n + 1);
    column[i] = static_cast<float>(static_cast<double>(std) * normal_quantile(p));
  }
}

}  // namespace

void draw_prior(const Context& context, const DrawPrior& args) {
  const Rows rows{.seed = args.seed,
                  .step = args.step ? args.step.as<std::int32_t>() : nullptr,
                  .n = args.rows.shape.rows(),
                  .d = args.rows.shape.cols(),
                  .scale = args.scale,
                  .rows = args.rows.as<float>()};
  const auto draw = [&](auto prior) {
    with_width<float>(rows.d % 4 == 0 && aligned({rows.rows}), [&](auto width) {
      launch(warp_each(rows.n, stream(context)), draw_rows<prior.value, width.value>, rows);
    });
  };
  switch (args.prior) {
    case Prior::sphere: return draw(Constant<Prior::sphere>{});
    case Prior::cube: return draw(Constant<Prior::cube>{});
    case Prior::normal: return draw(Constant<Prior::normal>{});
  }
}

void normal_quantiles(const Context& context, const NormalQuantiles& args) {
  const std::int64_t n = args.column.shape.elements();
  launch(strided(n, stream(context)), write_quantiles, args.std, n, args.column.as<float>());
}

}  // namespace kernels::cuda
