#include "kernels/cuda/augment_blur.h"

#include "kernels/color.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/view_tiles.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

// Rows of a tile, which a thread blurs together in each column, and columns that it blurs together in each row.
constexpr int kRows = 8, kColumns = 4;

/// How many numbers the weights take in shared memory: zeros before and behind them, so that no sum has to ask where
/// they end.
__host__ __device__ inline int padded_weights(int radius) { return (2 * kRows + 2 * radius) / kRows * kRows + kRows; }

/// weights[kRows - 1 + t] = the weight of a pixel `t - radius` away. All threads of the block must call it.
__device__ inline void fill_weights(int radius, float sigma, float* weights) {
  const int count = 2 * radius + 1;
  float sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < padded_weights(radius); i += kThreads) {
    const int t = i - (kRows - 1);
    const float away = static_cast<float>(t - radius) / sigma;
    const float weight = t >= 0 && t < count ? expf(-0.5f * away * away) : 0;
    weights[i] = weight;
    sum += weight;
  }
  sum = block_sum(sum);
  for (int i = static_cast<int>(threadIdx.x); i < padded_weights(radius); i += kThreads) weights[i] /= sum;
}

/// sums[i] = sum over q of weights[q - i] value(q): kOutputs neighbouring outputs at once, from kOutputs + 2 radius
/// inputs. A step takes kOutputs inputs and as many weights more, and keeps both in registers.
template <int kOutputs, class Value>
__device__ __forceinline__ void convolve(const float* weights, int radius, const Value& value,
                                         float (&sums)[kOutputs]) {
  const float* next = weights + kRows - kOutputs;  // kOutputs - 1 zeros, then the weights
  float window[2 * kOutputs];
#pragma unroll
  for (int i = 0; i < kOutputs; ++i) {
    sums[i] = 0;
    window[kOutputs + i] = next[i];
  }
#pragma unroll 1
  for (int q = 0; q < kOutputs + 2 * radius; q += kOutputs) {
#pragma unroll
    for (int i = 0; i < kOutputs; ++i) window[i] = window[kOutputs + i];
#pragma unroll
    for (int i = 0; i < kOutputs; i += 4) {
      const auto piece = load<4>(next + q + kOutputs + i);
#pragma unroll
      for (int k = 0; k < 4; ++k) window[kOutputs + i + k] = piece.lane[k];
    }
#pragma unroll
    for (int j = 0; j < kOutputs; ++j) {
      const float x = value(q + j);
#pragma unroll
      for (int i = 0; i < kOutputs; ++i) sums[i] += window[j - i + kOutputs - 1] * x;
    }
  }
}

// One block per tile of one view: down the columns of the tile and of `radius` more on both sides into shared memory,
// then along the rows. Blocks of views without a sigma have nothing to do.
template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads, 4)
    blur_tiles(ViewTiles g, int radius, const float* staged, const AugmentationDraw* draws, PlaneBits bits, T* ys) {
  const ViewTile tile = tile_of_block(g);
  const float sigma = draws[tile.item].sigma;
  if (!(sigma > 0)) return;
  const auto thread = static_cast<int>(threadIdx.x);
  auto* weights = dynamic_shared<float>();
  float* values = weights + padded_weights(radius);  // [rows][columns][channels]
  float* tall = values + g.rows * g.pitch();         // [rows][columns + 2 radius][channels]
  const int width = (tile.columns + 2 * radius) * g.channels;
  fill_weights(radius, sigma, weights);
  __syncthreads();

  const float* view = staged + tile.item * g.h * g.w * g.channels;
  for (int i = thread; i < width; i += kThreads) {
    const int element = (tile.column - radius) * g.channels + i;
    float sums[kRows] = {};
    if (element >= 0 && element < g.w * g.channels) {
      convolve(
          weights, radius,
          [&](int q) {
            const int row = tile.row - radius + q;
            return row >= 0 && row < g.h ? view[static_cast<std::int64_t>(row) * g.w * g.channels + element] : 0.0f;
          },
          sums);
    }
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      if (row < tile.rows) tall[row * width + i] = sums[row];
    }
  }
  __syncthreads();

  const int groups = ceil_div(tile.columns, kColumns) * g.channels;  // kColumns pixels of a channel
  for (int i = thread; i < tile.rows * groups; i += kThreads) {
    const int row = i / groups, group = i % groups / g.channels, channel = i % g.channels;
    const int column = group * kColumns;
    const float* line = tall + row * width + channel;
    float sums[kColumns];
    convolve(
        weights, radius,
        [&](int q) { return column + q < tile.columns + 2 * radius ? line[(column + q) * g.channels] : 0.0f; }, sums);
#pragma unroll
    for (int j = 0; j < kColumns; ++j) {
      if (column + j < tile.columns)
        values[row * g.pitch() + (column + j) * g.channels + channel] = color::clipped(sums[j]);
    }
  }
  __syncthreads();
  store_tile<kWidth>(g, tile, values, g.depth, bits.of(tile), ys);
}

constexpr std::int64_t kMostSharedBytes = 96 * 1024;

}  // namespace

void blur_views(const Context& context, const Augment& args, const float* staged) {
  const int radius = blur_radius(args.y.shape[2]);
  const std::int64_t channels = args.channels(), weights = padded_weights(radius);
  const std::int64_t most = (kMostSharedBytes / 4 - weights) / (kRows * channels);  // columns, with those on both sides
  EXPECTS(most > 2 * radius + 1, "augment: the CUDA kernel cannot blur views of ", args.y.shape[2], " rows and ",
          channels, " channels: a radius of ", radius, " does not fit into shared memory");
  const ViewTiles tiles = view_tiles(args, kRows, (most - 2 * radius) / 2);
  Launch how = tile_each(args, tiles, stream(context));
  how.shared_bytes = static_cast<std::size_t>(weights + tiles.rows * 2 * (tiles.columns + radius) * channels) * 4;
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    T* y = args.y.as<T>();
    with_width<T>(wide_rows(tiles, y), [&](auto width) {
      launch(how, blur_tiles<width.value, T>, tiles, radius, staged,
             reinterpret_cast<const AugmentationDraw*>(args.draws.as<std::int32_t>()), plane_bits(args), y);
    });
  });
}

}  // namespace kernels::cuda
