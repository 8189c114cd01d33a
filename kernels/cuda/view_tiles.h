#pragma once
#include "kernels/augment.h"
#include "kernels/cuda/wide_access.h"

/// What the launches of `augment` share: views cut into tiles, one block each, whose values are put together in shared
/// memory, so that they leave in wide accesses.
namespace kernels::cuda {

/// In 32 bits: 64-bit divisions would cost more than the work at each pixel.
struct ViewTiles {
  int batch, h, w, channels, depth;  // depth: of y
  int rows, columns;                 // of a tile, or fewer at the ends
  int down, across;                  // tiles of a view

  __device__ __host__ int tiles() const { return down * across; }
  __device__ int pitch() const { return columns * channels; }  // of a tile's values in shared memory: [rows][pitch]
};

/// Tiles of up to `rows` x `columns`, where possible multiples of kUnit of almost the same size: so warps that take a
/// row each are all busy, and a tile's first column keeps the alignment of its row.
inline ViewTiles view_tiles(const Augment& args, std::int64_t rows, std::int64_t columns) {
  const Shape& y = args.y.shape;
  const auto part = [](std::int64_t size, std::int64_t most) {
    constexpr std::int64_t kUnit = 8;
    if (size <= most) return std::max<std::int64_t>(1, size);
    if (most >= kUnit) most = most / kUnit * kUnit;
    const std::int64_t even = ceil_div(size, ceil_div(size, most));
    return most < kUnit ? even : ceil_div(even, kUnit) * kUnit;
  };
  rows = part(y[2], rows), columns = part(y[3], columns);
  const auto narrowed = [](std::int64_t size) { return static_cast<int>(size); };
  return {.batch = narrowed(y[1]),
          .h = narrowed(y[2]),
          .w = narrowed(y[3]),
          .channels = narrowed(args.channels()),
          .depth = narrowed(y[4]),
          .rows = narrowed(rows),
          .columns = narrowed(columns),
          .down = narrowed(ceil_div(y[2], rows)),
          .across = narrowed(ceil_div(y[3], columns))};
}
inline Launch tile_each(const Augment& args, const ViewTiles& tiles, cudaStream_t stream) {
  return block_each(args.y.shape[0] * args.y.shape[1] * tiles.tiles(), stream);
}
/// Whether rows of the view's values and of y, and those of tiles, all begin at addresses that allow wide accesses.
template <class T>
bool wide_rows(const ViewTiles& g, const T* y) {
  const std::int64_t w = g.w;
  return w * g.depth % kWidest<T> == 0 && w * g.channels % kWidest<float> == 0 &&
         (g.across == 1 || g.columns % kWidest<T> == 0) && aligned({y});
}

/// A block's tile.
struct ViewTile {
  std::int64_t item;  // (view, image)
  int image;
  int row, column;  // the first ones
  int rows, columns;
};
__device__ inline ViewTile tile_of_block(const ViewTiles& g) {
  const auto block = static_cast<int>(blockIdx.x), of_view = block % g.tiles(), item = block / g.tiles();
  ViewTile tile;
  tile.item = item;
  tile.image = item % g.batch;
  tile.row = of_view / g.across * g.rows;
  tile.column = of_view % g.across * g.columns;
  tile.rows = min(g.rows, g.h - tile.row);
  tile.columns = min(g.columns, g.w - tile.column);
  return tile;
}

/// The bits of bit planes.
struct PlaneBits {
  const std::int64_t* words;  // or null
  bool per_view;

  __device__ std::uint64_t of(const ViewTile& tile) const {
    return words == nullptr ? 0 : static_cast<std::uint64_t>(words[per_view ? tile.item : tile.image]);
  }
};
inline PlaneBits plane_bits(const Augment& args) {
  return {static_cast<const std::int64_t*>(args.bits.data), args.bits.shape.rank() == 2};
}

/// Writes a tile's values and bits to `ys`, [items,h,w,depth]. All threads of the block must call it.
template <int kWidth, class T>
__device__ void store_tile(const ViewTiles& g, const ViewTile& tile, const float* values, int depth, std::uint64_t bits,
                           T* ys) {
  constexpr int kPiece = kWidth < 4 ? 1 : 4;  // numbers that are read at once
  const int vectors = tile.columns * depth / kWidth;
  T* to = ys + ((tile.item * g.h + tile.row) * g.w + tile.column) * depth;
  for (int i = static_cast<int>(threadIdx.x); i < tile.rows * vectors; i += kThreads) {
    const int row = i / vectors, element = i % vectors * kWidth;
    const float* from = values + row * g.pitch();
    float out[kWidth];
    if (depth == g.channels) {
#pragma unroll
      for (int j = 0; j < kWidth; j += kPiece) {
        const auto piece = load<kPiece>(from + element + j);
#pragma unroll
        for (int k = 0; k < kPiece; ++k) out[j + k] = piece.lane[k];
      }
    } else {
      int column = element / depth, channel = element % depth;
#pragma unroll
      for (int j = 0; j < kWidth; ++j) {
        out[j] = channel < g.channels ? from[column * g.channels + channel]
                                      : static_cast<float>(bits >> (channel - g.channels) & 1u);
        if (++channel == depth) {
          channel = 0;
          ++column;
        }
      }
    }
    write<false>(to + static_cast<std::int64_t>(row) * g.w * depth + element, out);
  }
}

}  // namespace kernels::cuda
