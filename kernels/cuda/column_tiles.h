#pragma once
#include <algorithm>
#include <bit>

#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/wide_access.h"

/// Reductions and maps over the columns of a matrix [rows,channels]. A thread keeps kWidth adjacent channels and goes
/// down the rows of its block's tile, so that per-channel values are loaded once. Adjacent threads take adjacent
/// channels: a warp's accesses are coalesced, over several rows where rows are short.
namespace kernels::cuda {

struct ColumnTiles {
  std::int64_t rows, channels;
  std::int64_t height;  // rows of a tile
  int across, down;     // threads of a block along channels and rows: powers of two
  int columns;          // tiles side by side
  std::int64_t parts;   // tiles one below another
};

/// The most rows per thread, and the number of tiles to aim for when there are enough rows.
struct TilePlan {
  std::int64_t most_rows, blocks;
};
/// For sums: at most 128 rows are added in f32 before sums are merged in double. No more blocks than an H200 holds at
/// once at 64 registers, because each block writes and later reads partial sums.
inline constexpr TilePlan kSummed{.most_rows = 128, .blocks = 4 * 132};
/// For maps without sums. With more rows, the last blocks would run alone on the device; with fewer, constants per
/// channel would be loaded too often.
inline constexpr TilePlan kMapped{.most_rows = 16, .blocks = kMostBlocks};

inline ColumnTiles column_tiles(std::int64_t rows, std::int64_t channels, int width, const TilePlan& plan) {
  const std::int64_t groups = ceil_div(channels, width);
  const auto across =
      static_cast<int>(std::min<std::uint64_t>(kWarp, std::bit_ceil(static_cast<std::uint64_t>(groups))));
  const int down = kThreads / across;
  const auto columns = static_cast<int>(ceil_div(groups, across));
  const std::int64_t per_thread =
      std::clamp<std::int64_t>(ceil_div(rows * columns, down * plan.blocks), 1, plan.most_rows);
  const std::int64_t height = per_thread * down;
  return {rows, channels, height, across, down, columns, ceil_div(rows, height)};
}
inline Launch tile_each(const ColumnTiles& tiles, cudaStream_t stream) {
  return block_each(tiles.columns * tiles.parts, stream);
}

/// The part of the matrix that a thread works on.
struct TilePlace {
  std::int64_t part, channel;  // the tile's index from above; the thread's first channel
  std::int64_t first, end;     // rows of the tile
  std::int64_t row;            // the thread's first row; `end` where its channels do not exist
};
template <int kWidth>
__device__ TilePlace place_in_tile(const ColumnTiles& tiles) {
  const auto block = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
  TilePlace at;
  at.part = block / tiles.columns;
  at.channel = (static_cast<std::int64_t>(block % tiles.columns) * tiles.across + thread % tiles.across) * kWidth;
  at.first = at.part * tiles.height;
  at.end = min(at.first + tiles.height, tiles.rows);
  at.row = at.channel < tiles.channels ? at.first + thread / tiles.across : at.end;
  return at;
}

/// kWidth values of an f32 table with one value per channel.
template <int kWidth>
__device__ __forceinline__ Lanes<float, kWidth> load_channels(const float* from) {
  constexpr int kPiece = kWidth < 4 ? kWidth : 4;
  Lanes<float, kWidth> all;
#pragma unroll
  for (int j = 0; j < kWidth; j += kPiece) {
    const auto piece = load<kPiece>(from + j);
#pragma unroll
    for (int k = 0; k < kPiece; ++k) all.lane[j + k] = piece.lane[k];
  }
  return all;
}

/// Adds up the sums of the tile's threads in a fixed order and calls emit(channel, totals) for every channel of the
/// tile, one thread per channel. All threads of the block must call it.
template <int kSums, int kWidth, class Emit>
__device__ void sum_tile(const ColumnTiles& tiles, float (&sums)[kSums][kWidth], Emit&& emit) {
  constexpr int kWarps = kThreads / kWarp, kPiece = kWidth < 4 ? kWidth : 4;
  __shared__ __align__(16) float of_warp[kWarps][kSums][kWarp * kWidth];
  const int thread = static_cast<int>(threadIdx.x), lane = lane_in_warp(), warp = thread / kWarp;
  for (int bits = tiles.across; bits < kWarp; bits *= 2) {  // adds the lanes of a warp that have the same channels
#pragma unroll
    for (int s = 0; s < kSums; ++s) {
#pragma unroll
      for (int j = 0; j < kWidth; ++j) sums[s][j] += __shfl_xor_sync(kAllLanes, sums[s][j], bits);
    }
  }
  if (lane < tiles.across) {
#pragma unroll
    for (int s = 0; s < kSums; ++s) {
#pragma unroll
      for (int j = 0; j < kWidth; j += kPiece) {
        Lanes<float, kPiece> piece;
#pragma unroll
        for (int k = 0; k < kPiece; ++k) piece.lane[k] = sums[s][j + k];
        store(&of_warp[warp][s][lane * kWidth + j], piece);
      }
    }
  }
  __syncthreads();
  const int width = tiles.across * kWidth;  // channels of the tile
  const std::int64_t channel = static_cast<std::int64_t>(static_cast<int>(blockIdx.x) % tiles.columns) * width + thread;
  if (thread >= width || channel >= tiles.channels) return;
  float totals[kSums] = {};
#pragma unroll
  for (int w = 0; w < kWarps; ++w) {
#pragma unroll
    for (int s = 0; s < kSums; ++s) totals[s] += of_warp[w][s][thread];
  }
  emit(channel, totals);
}

/// Channels per block of the second launch: 32 bytes of each part, the smallest memory transaction.
inline constexpr int kTotalChannels = 8;
inline Launch totals_of(const ColumnTiles& tiles, cudaStream_t stream) {
  return block_each(ceil_div(tiles.channels, kTotalChannels), stream);
}
/// Adds up read(part, channel) over all parts, in a fixed order, and calls finish(channel, total). Total starts at zero
/// and has +=.
template <class Total, class Read, class Finish>
__device__ void total_parts(const ColumnTiles& tiles, Read&& read, Finish&& finish) {
  __shared__ Total totals[kThreads];
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * kTotalChannels + thread % kTotalChannels;
  const bool exists = channel < tiles.channels;
  Total own{};
  if (exists) {
    for (std::int64_t part = thread / kTotalChannels; part < tiles.parts; part += kThreads / kTotalChannels) {
      own += read(part, channel);
    }
  }
  totals[thread] = own;
  for (int half = kThreads / 2; half >= kTotalChannels; half /= 2) {
    __syncthreads();
    if (thread >= half) continue;
    own += totals[thread + half];
    totals[thread] = own;
  }
  if (exists && thread < kTotalChannels) finish(channel, own);
}

}  // namespace kernels::cuda
