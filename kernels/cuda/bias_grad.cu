#include "kernels/cuda/backend.h"
#include "kernels/cuda/column_tiles.h"
#include "kernels/float_types.h"
#include "kernels/linear.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cuda {
namespace {

template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads) sum_rows(const T* dy, ColumnTiles tiles, float* parts) {
  const TilePlace at = place_in_tile<kWidth>(tiles);
  float sums[1][kWidth] = {};
#pragma unroll 4
  for (std::int64_t row = at.row; row < at.end; row += tiles.down) {
    const auto lanes = load<kWidth>(dy + row * tiles.channels + at.channel);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) sums[0][j] += static_cast<float>(lanes.lane[j]);
  }
  sum_tile(tiles, sums, [&](std::int64_t channel, const float(&totals)[1]) {
    parts[at.part * tiles.channels + channel] = totals[0];
  });
}

__global__ void __launch_bounds__(kThreads)
    finish_bias_grad(const float* parts, ColumnTiles tiles, bool accumulate, float* dbias) {
  total_parts<double>(
      tiles, [&](std::int64_t part, std::int64_t channel) { return parts[part * tiles.channels + channel]; },
      [&](std::int64_t channel, double total) {
        dbias[channel] = static_cast<float>(accumulate ? dbias[channel] + total : total);
      });
}

}  // namespace

// Bytes moved: dy, and the partial sums of each tile between the two launches.
void bias_grad(const Context& context, const BiasGrad& args) {
  const std::int64_t rows = args.dy.shape.rows(), channels = args.dy.shape.cols();
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    const T* dy = args.dy.as<T>();
    with_width<T>(channels % kWidest<T> == 0 && aligned({dy}), [&](auto width) {
      const ColumnTiles tiles = column_tiles(rows, channels, width.value, kSummed);
      const auto scratch = engine::Scratch::floats(context, tiles.parts * channels);
      float* parts = scratch.as<float>();
      launch(tile_each(tiles, stream(context)), sum_rows<width.value, T>, dy, tiles, parts);
      launch(totals_of(tiles, stream(context)), finish_bias_grad, parts, tiles, args.dbias.accumulate,
             args.dbias.view.as<float>());
    });
  });
}

}  // namespace kernels::cuda
