#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "kernels/cpu/pair_schedule.h"
#include "kernels/cpu/queue_ranges.h"
#include "kernels/cpu/similarity_tiles.h"
#include "kernels/float_types.h"
#include "kernels/similarity.h"

namespace kernels::cpu {
namespace {

using engine::Scratch;

/// exp2(t) -> w_ik + w_ki, from the inverses of both sums.
void weigh_kept(const Tile& tile, const float* kept, const float* row_inverse, const float* column_inverse) {
  for (int i = 0; i < tile.rows; ++i) {
    for (int v = 0; v < tile.vectors; ++v) {
      const Floats inverses = row_inverse[i] + load(column_inverse + v * kLanes);
      store(tile.at(i, v), load(kept + i * kTileRow + v * kLanes) * inverses);
    }
  }
}

/// t -> w_ik + w_ki, from the inverses of both sums: one exp2 per pair.
void weigh_bounded(const Tile& tile, const float* row_inverse, const float* column_inverse) {
  for (int i = 0; i < tile.rows; ++i) {
    for (int v = 0; v < tile.vectors; ++v) {
      const Floats inverses = row_inverse[i] + load(column_inverse + v * kLanes);
      store(tile.at(i, v), exp2(load(tile.at(i, v))) * inverses);
    }
  }
}

/// t -> w_ik + w_ki, from the log2 of both sums; no exponent exceeds 0 by more than the log2 of a share in the loss.
void weigh_unbounded(const Tile& tile, const float* row_log, const float* column_log) {
  for (int i = 0; i < tile.rows; ++i) {
    for (int v = 0; v < tile.vectors; ++v) {
      const Floats t = load(tile.at(i, v));
      store(tile.at(i, v), exp2(t - row_log[i]) + exp2(t - load(column_log + v * kLanes)));
    }
  }
}

/// t -> w_ik
void weigh_queue(const Tile& tile, const float* row_sums, bool bounded) {
  for (int i = 0; i < tile.rows; ++i) {
    for (int v = 0; v < tile.vectors; ++v) {
      const Floats t = load(tile.at(i, v));
      store(tile.at(i, v), bounded ? exp2(t) * row_sums[i] : exp2(t - row_sums[i]));
    }
  }
}

/// Writes exp(lse) per row of the tiles' blocks: its inverse, or its log2 where similarities have no safe bound; 0 in
/// padding.
void write_sums(const SimilarityBackward& args, const SimilarityTiles& tiles, float* sums) {
  const std::int64_t n = args.s.view1.shape.rows();
  std::fill_n(sums, tiles.count() * kBlock, 0.0f);
  for (int b = 0; b < args.s.anchor_views() * tiles.first_blocks(); ++b) {
    const float* lse = args.lse.as<float>() + (b < tiles.first_blocks() ? 0 : n) + tiles.block(b).first;
    for (int i = 0; i < tiles.block(b).count; ++i) {
      const double log2_sum = std::numbers::log2e * static_cast<double>(lse[i]);
      sums[b * kBlock + i] = static_cast<float>(tiles.bounded() ? std::exp2(-log2_sum) : log2_sum);
    }
  }
}

/// to (+)= w u over the rows of block `from`; to is a block's gradient.
void add_weighted_rows(const SimilarityTiles& tiles, std::int64_t d, float* to, int rows, int from, const float* w,
                       std::ptrdiff_t w_row, std::ptrdiff_t w_depth, bool add) {
  (add ? tile_product_accumulate : tile_product)({.a = w,
                                                  .a_row = w_row,
                                                  .a_depth = w_depth,
                                                  .b = tiles.rows(from),
                                                  .b_depth = tiles.row_stride(),
                                                  .b_panel = kPatchCols,
                                                  .c = to,
                                                  .c_row = tiles.row_stride(),
                                                  .rows = rows,
                                                  .cols = static_cast<int>(d),
                                                  .depth = tiles.block(from).count});
}

void backward_of_pairs(const Context& context, const SimilarityBackward& args, const SimilarityTiles& tiles) {
  const std::int64_t d = args.s.view1.shape.cols();
  const std::int64_t kept_floats = args.kept && tiles.bounded() ? args.kept.shape.elements() : 0;
  const std::int64_t stride = tiles.row_stride();
  const Scratch scratch = Scratch::floats(context, tiles.count() * kBlock);
  float* sums = scratch.as<float>();
  write_sums(args, tiles, sums);

  const Scratch gradients = Scratch::floats(context, tiles.count() * kBlock * stride);
  // The first tile of a block overwrites its gradient, later ones add to it.
  std::vector<char> written(static_cast<std::size_t>(tiles.count()));
  const auto add_to = [&](int to, int from, const float* w, std::ptrdiff_t w_row, std::ptrdiff_t w_depth) {
    if (!tiles.block(to).anchors) return;
    char& add = written[static_cast<std::size_t>(to)];
    add_weighted_rows(tiles, d, gradients.as<float>() + to * kBlock * stride, tiles.block(to).count, from, w, w_row,
                      w_depth, add);
    add = true;
  };
  for_each_pair(tiles.count(), context.threads(), [&](int i, int j, int thread) {
    if (!tiles.wanted(i, j)) return;
    const std::int64_t offset = kept_offset(i, j, kept_floats);
    const Tile tile = offset >= 0 ? tiles.memory(i, j, thread) : tiles.compute(i, j, thread);
    if (offset >= 0) {
      weigh_kept(tile, args.kept.as<float>() + offset, sums + i * kBlock, sums + j * kBlock);
    } else {
      (tiles.bounded() ? weigh_bounded : weigh_unbounded)(tile, sums + i * kBlock, sums + j * kBlock);
    }
    if (tiles.same_examples(i, j) && tiles.block(i).anchors) {
      const std::int64_t anchor = tiles.block(i).first - args.s.first_anchor;
      const float* attraction = args.attraction ? args.attraction.as<float>() + anchor : nullptr;
      for (int k = 0; k < tile.rows; ++k) tile.data[k * kTileRow + k] = attraction ? -attraction[k] : 0;
    }
    add_to(i, j, tile.data, kTileRow, 1);
    if (i != j) add_to(j, i, tile.data, 1, kTileRow);  // w is symmetric: reads the tile by columns
  });

  const float factor = args.factor(args.s.view1.shape.rows());
  with_float_type(args.s.view1.dtype, [&]<class T>(T*) {
#pragma omp parallel for num_threads(context.threads())
    for (int b = 0; b < tiles.first_blocks(); ++b) {
      if (!tiles.block(b).anchors) continue;
      for (int view = 0; view < 2; ++view) {  // in one thread: both gradients may be in the same memory
        const Destination& to = view == 0 ? args.dview1 : args.dview2;
        for (int i = 0; i < tiles.block(b).count; ++i) {
          const float* from = gradients.as<float>() + ((view * tiles.first_blocks() + b) * kBlock + i) * stride;
          T* du = to.view.as<T>() + (tiles.block(b).first + i - args.s.first_anchor) * d;
          for (std::int64_t k = 0; k < d; ++k) {
            du[k] = T(factor * from[k] + (to.accumulate ? static_cast<float>(du[k]) : 0.0f));
          }
        }
      }
    }
  });
}

void backward_of_queue(const Context& context, const SimilarityBackward& args, const SimilarityTiles& tiles) {
  const std::int64_t d = args.s.view1.shape.cols(), stride = tiles.row_stride();
  const Scratch scratch = Scratch::floats(context, tiles.count() * kBlock);
  float* sums = scratch.as<float>();
  write_sums(args, tiles, sums);
  const QueueRanges ranges(tiles);
  const std::int64_t part = tiles.first_blocks() * kBlock * stride;
  const Scratch parts = Scratch::floats(context, ranges.count() * part);
  std::vector<char> written(static_cast<std::size_t>(ranges.count()) * static_cast<std::size_t>(tiles.first_blocks()));
  ranges.for_each_tile(context.threads(), [&](int i, int j, int range, int thread) {
    const Tile tile = tiles.compute(i, j, thread);
    weigh_queue(tile, sums + i * kBlock, tiles.bounded());
    char& add = written[static_cast<std::size_t>(range * tiles.first_blocks() + i)];
    add_weighted_rows(tiles, d, parts.as<float>() + range * part + i * kBlock * stride, tile.rows, j, tile.data,
                      kTileRow, 1, add);
    add = true;
  });

  const bool any = args.s.queue.shape.rows() > 0;
  const float factor = args.factor(args.s.view1.shape.rows());
  with_float_type(args.s.view1.dtype, [&]<class T>(T*) {
    const T* keys = args.s.view2.as<T>();
#pragma omp parallel for num_threads(context.threads())
    for (int b = 0; b < tiles.first_blocks(); ++b) {
      if (!tiles.block(b).anchors) continue;
      for (int i = 0; i < tiles.block(b).count; ++i) {
        const std::int64_t row = tiles.block(b).first + i, anchor = row - args.s.first_anchor;
        const float attraction = args.attraction ? args.attraction.as<float>()[anchor] : 0.0f;
        T* du = args.dview1.view.as<T>() + anchor * d;
        for (std::int64_t k = 0; k < d; ++k) {
          const T key = keys[row * d + k];
          const float used = args.s.bf16_products ? static_cast<float>(bf16(key)) : static_cast<float>(key);
          float sum = -attraction * used;
          for (int range = 0; range < ranges.count() && any; ++range) {
            sum += parts.as<float>()[range * part + (b * kBlock + i) * stride + k];
          }
          du[k] = T(factor * sum + (args.dview1.accumulate ? static_cast<float>(du[k]) : 0.0f));
        }
      }
    }
  });
}

}  // namespace

void similarity_backward(const Context& context, const SimilarityBackward& args) {
  const SimilarityTiles tiles(context, args.s, args.dview1.view.shape.rows());
  (args.s.of_queue() ? backward_of_queue : backward_of_pairs)(context, args, tiles);
}

}  // namespace kernels::cpu
