#include "kernels/nt_xent.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "kernels/cpu/pair_schedule.h"
#include "kernels/cpu/similarity_tiles.h"
#include "kernels/float_types.h"

namespace kernels::cpu {
namespace {

using engine::Scratch;

/// Up to this bound on |t|, exp2(t), the sum of 2^32 of them and its inverse are normal floats: no maximum is
/// subtracted, and one exp2 serves both directions of a pair. Unit vectors stay below the bound down to temperature
/// 0.016.
constexpr float kSafeBound = 92;

/// Similarities of two blocks: `rows` x `columns`, in `vectors` whole vectors per row.
struct Tile {
  float* data;
  int rows, columns;
  int vectors = ceil_div(columns, kLanes);

  float* at(int row, int vector) const { return data + row * kTileRow + vector * kLanes; }
};

/// sum_k exp2(t_ik) = sum[i] * exp2(top[i]), over all but the positive, for the rows of a block; updated tile by tile.
struct ExpSums {
  float *top, *sum;
};

/// One exp2 per pair, added to the sums of its row and its column, and stored if kKeep. On the diagonal both sums are
/// the same.
template <bool kKeep>
void add_bounded(const Tile& tile, const ExpSums& rows, const ExpSums& columns, float* kept) {
  Floats column_sums[kBlock / kLanes] = {};
  for (int i = 0; i < tile.rows; ++i) {
    Floats row_sum = {};
    for (int v = 0; v < tile.vectors; ++v) {
      const Floats e = exp2(load(tile.at(i, v)));
      if constexpr (kKeep) store(kept + i * kTileRow + v * kLanes, e);
      row_sum += e;
      column_sums[v] += e;
    }
    rows.sum[i] += sum(row_sum);
  }
  if (rows.sum == columns.sum) return;
  for (int v = 0; v < tile.vectors; ++v) {
    float* to = columns.sum + v * kLanes;
    store(to, load(to) + column_sums[v]);
  }
}

/// For any range: online log-sum-exp (Milakov & Gimelshein 2018), first over rows, then over columns, one vector of
/// columns at a time.
void add_unbounded(const Tile& tile, const ExpSums& rows, const ExpSums& columns) {
  for (int i = 0; i < tile.rows; ++i) {
    Floats highest = broadcast(rows.top[i]);
    for (int v = 0; v < tile.vectors; ++v) highest = max(load(tile.at(i, v)), highest);
    const float top = max(highest);
    Floats added = {};
    for (int v = 0; v < tile.vectors; ++v) added += exp2(load(tile.at(i, v)) - top);
    rows.sum[i] = rows.sum[i] * std::exp2(rows.top[i] - top) + sum(added);
    rows.top[i] = top;
  }
  if (rows.sum == columns.sum) return;
  for (int v = 0; v < tile.vectors; ++v) {
    const Floats before = load(columns.top + v * kLanes);
    Floats top = before;
    for (int i = 0; i < tile.rows; ++i) top = max(load(tile.at(i, v)), top);
    Floats total = load(columns.sum + v * kLanes) * exp2(before - top);
    for (int i = 0; i < tile.rows; ++i) total += exp2(load(tile.at(i, v)) - top);
    store(columns.sum + v * kLanes, total);
    store(columns.top + v * kLanes, top);
  }
}

/// For the accuracy: the highest similarity of each row of view 1 to rows of view 2 before and after its positive.
struct Rivals {
  float *before, *after, *positive;
};

void meet_rivals(const Tile& tile, float* highest) {
  for (int i = 0; i < tile.rows; ++i) {
    Floats top = broadcast(highest[i]);
    for (int v = 0; v < tile.vectors; ++v) top = max(load(tile.at(i, v)), top);
    highest[i] = max(top);
  }
}

/// Records the positives and masks them in the tile, so that the sums exclude them.
void meet_positives(const Tile& tile, const Rivals& rivals) {
  for (int i = 0; i < tile.rows; ++i) {
    float* row = tile.at(i, 0);
    for (int k = 0; k < i; ++k) rivals.before[i] = std::max(rivals.before[i], row[k]);
    for (int k = i + 1; k < tile.columns; ++k) rivals.after[i] = std::max(rivals.after[i], row[k]);
    rivals.positive[i] = row[i];
    row[i] = kMasked;
  }
}

/// exp2(t) -> p_ik + p_ki, from the inverses of both sums.
void weigh_kept(const Tile& tile, const float* kept, const float* row_inverse, const float* column_inverse) {
  for (int i = 0; i < tile.rows; ++i) {
    for (int v = 0; v < tile.vectors; ++v) {
      const Floats inverses = row_inverse[i] + load(column_inverse + v * kLanes);
      store(tile.at(i, v), load(kept + i * kTileRow + v * kLanes) * inverses);
    }
  }
}

/// t -> p_ik + p_ki, from the inverses of both sums: one exp2 per pair.
void weigh_bounded(const Tile& tile, const float* row_inverse, const float* column_inverse) {
  for (int i = 0; i < tile.rows; ++i) {
    for (int v = 0; v < tile.vectors; ++v) {
      const Floats inverses = row_inverse[i] + load(column_inverse + v * kLanes);
      store(tile.at(i, v), exp2(load(tile.at(i, v))) * inverses);
    }
  }
}

/// t -> p_ik + p_ki, from the log2 of both sums; neither exponent exceeds 0, except by rounding.
void weigh_unbounded(const Tile& tile, const float* row_log, const float* column_log) {
  for (int i = 0; i < tile.rows; ++i) {
    for (int v = 0; v < tile.vectors; ++v) {
      const Floats t = load(tile.at(i, v));
      store(tile.at(i, v), exp2(t - row_log[i]) + exp2(t - load(column_log + v * kLanes)));
    }
  }
}

}  // namespace

std::int64_t nt_xent_kept(const ContrastPairs& pairs) {
  constexpr std::int64_t kMost = 1 << 22;  // 16 MiB: all pairs of 2,000 rows, and small next to larger batches
  const std::int64_t n = pairs.view1.shape.rows();
  return std::min(4 * n * n, kMost);
}

void nt_xent_forward(const Context& context, const NtXentForward& args) {
  const std::int64_t n = args.pairs.view1.shape.rows(), anchors = args.positive.shape.elements();
  const SimilarityTiles tiles(context, args.pairs, anchors);
  const bool bounded = tiles.bound() <= kSafeBound;
  const std::int64_t keepable = args.kept ? args.kept.shape.elements() : 0;
  const std::int64_t view_rows = tiles.per_view() * kBlock;

  const Scratch scratch = Scratch::floats(context, 7 * view_rows);
  float* top = scratch.as<float>();
  float* sums = top + 2 * view_rows;
  const Rivals rivals{.before = sums + 2 * view_rows, .after = sums + 3 * view_rows, .positive = sums + 4 * view_rows};
  std::fill_n(top, 2 * view_rows, bounded ? 0.0f : kMasked);
  std::fill_n(sums, 2 * view_rows, 0.0f);
  std::fill_n(rivals.before, 2 * view_rows, kMasked);

  for_each_pair(tiles.count(), context.threads(), [&](int i, int j, int thread) {
    if (!tiles.wanted(i, j)) return;
    const Tile tile{.data = tiles.compute(i, j, thread), .rows = tiles.block(i).count, .columns = tiles.block(j).count};
    const int own = i + tiles.per_view();  // the block of view 2 with the examples of block i, if block i is in view 1
    const std::int64_t row = i * kBlock;
    if (j == own) {
      meet_positives(tile, {rivals.before + row, rivals.after + row, rivals.positive + row});
    } else if (i < tiles.per_view() && j >= tiles.per_view()) {
      meet_rivals(tile, (j < own ? rivals.before : rivals.after) + row);
    }
    const ExpSums rows{top + i * kBlock, sums + i * kBlock}, columns{top + j * kBlock, sums + j * kBlock};
    if (!bounded) {
      add_unbounded(tile, rows, columns);
    } else if (const std::int64_t offset = kept_offset(i, j, keepable); offset >= 0) {
      add_bounded<true>(tile, rows, columns, args.kept.as<float>() + offset);
    } else {
      add_bounded<false>(tile, rows, columns, nullptr);
    }
  });

  // O(n), in a fixed order.
  constexpr double kLn2 = std::numbers::ln2;
  double loss = 0, alignment = 0, distribution = 0, accuracy = 0;
  for (int b = 0; b < tiles.per_view(); ++b) {
    if (!tiles.block(b).anchors) continue;
    for (int i = 0; i < tiles.block(b).count; ++i) {
      const std::int64_t row = b * kBlock + i, anchor = tiles.block(b).first + i - args.pairs.first_anchor;
      const auto log2_positive = static_cast<double>(rivals.positive[row]);
      const double positive = kLn2 * log2_positive;
      double attraction = 0;
      for (int view = 0; view < 2; ++view) {
        const std::int64_t at = row + view * view_rows;
        const double log2_others = static_cast<double>(top[at]) + std::log2(static_cast<double>(sums[at]));
        const AnchorLoss one = AnchorLoss::of_odds(log2_others - log2_positive);
        const double lse = positive + one.loss;
        args.lse.as<float>()[view * anchors + anchor] = static_cast<float>(lse);
        attraction += one.missing;
        loss += one.loss;
        distribution += lse;
        alignment -= positive;
      }
      const bool correct = rivals.before[row] < rivals.positive[row] && rivals.after[row] <= rivals.positive[row];
      args.positive.as<float>()[anchor] = static_cast<float>(positive);
      args.attraction.as<float>()[anchor] = static_cast<float>(attraction);
      args.correct.as<float>()[anchor] = correct ? 1.0f : 0.0f;
      accuracy += correct;
    }
  }
  const double inverse_n = 1 / static_cast<double>(n);
  float* result = args.sums.as<float>();
  result[kContrastLoss] = static_cast<float>(loss * inverse_n);
  result[kContrastAlignment] = static_cast<float>(alignment * inverse_n);
  result[kContrastDistribution] = static_cast<float>(distribution * inverse_n);
  result[kContrastAccuracy] = static_cast<float>(accuracy * inverse_n);
}

void nt_xent_backward(const Context& context, const NtXentBackward& args) {
  const std::int64_t n = args.pairs.view1.shape.rows(), d = args.pairs.view1.shape.cols();
  const std::int64_t anchors = args.dview1.view.shape.rows();
  const SimilarityTiles tiles(context, args.pairs, anchors);
  const bool bounded = tiles.bound() <= kSafeBound;
  const std::int64_t kept_floats = args.kept && bounded ? args.kept.shape.elements() : 0;
  const std::int64_t stride = tiles.row_stride();

  const Scratch scratch = Scratch::floats(context, tiles.count() * kBlock);
  float* sums = scratch.as<float>();  // per row sum_k exp2(t_ik): its inverse, or its log2 when unbounded; 0 in padding
  std::fill_n(sums, tiles.count() * kBlock, 0.0f);
  for (int b = 0; b < tiles.count(); ++b) {
    const float* lse = args.lse.as<float>() + (b < tiles.per_view() ? 0 : n) + tiles.block(b).first;
    for (int i = 0; i < tiles.block(b).count; ++i) {
      const double log2_sum = std::numbers::log2e * static_cast<double>(lse[i]);
      sums[b * kBlock + i] = static_cast<float>(bounded ? std::exp2(-log2_sum) : log2_sum);
    }
  }

  const Scratch gradients = Scratch::floats(context, tiles.count() * kBlock * stride);
  // The first tile of a block overwrites its gradient, later ones add to it.
  std::vector<char> written(static_cast<std::size_t>(tiles.count()));
  const auto add_weighted_rows = [&](int to, int from, const float* w, std::ptrdiff_t w_row, std::ptrdiff_t w_depth) {
    if (!tiles.block(to).anchors) return;
    char& add = written[static_cast<std::size_t>(to)];
    (add ? tile_product_accumulate : tile_product)({.a = w,
                                                    .a_row = w_row,
                                                    .a_depth = w_depth,
                                                    .b = tiles.rows(from),
                                                    .b_depth = stride,
                                                    .b_panel = kPatchCols,
                                                    .c = gradients.as<float>() + to * kBlock * stride,
                                                    .c_row = stride,
                                                    .rows = tiles.block(to).count,
                                                    .cols = static_cast<int>(d),
                                                    .depth = tiles.block(from).count});
    add = true;
  };
  for_each_pair(tiles.count(), context.threads(), [&](int i, int j, int thread) {
    if (!tiles.wanted(i, j)) return;
    const std::int64_t offset = kept_offset(i, j, kept_floats);
    const Tile tile{.data = offset >= 0 ? tiles.memory(thread) : tiles.compute(i, j, thread),
                    .rows = tiles.block(i).count,
                    .columns = tiles.block(j).count};
    if (offset >= 0) {
      weigh_kept(tile, args.kept.as<float>() + offset, sums + i * kBlock, sums + j * kBlock);
    } else {
      (bounded ? weigh_bounded : weigh_unbounded)(tile, sums + i * kBlock, sums + j * kBlock);
    }
    if (tiles.same_examples(i, j) && tiles.block(i).anchors) {
      const float* attraction = args.attraction.as<float>() + tiles.block(i).first - args.pairs.first_anchor;
      for (int k = 0; k < tile.rows; ++k) tile.data[k * kTileRow + k] = -attraction[k];
    }
    add_weighted_rows(i, j, tile.data, kTileRow, 1);
    if (i != j) add_weighted_rows(j, i, tile.data, 1, kTileRow);  // w is symmetric: reads the tile by columns
  });

  const float factor = *args.dloss.as<float>() / (static_cast<float>(n) * args.pairs.temperature);
  with_float_type(args.pairs.view1.dtype, [&]<class T>(T*) {
#pragma omp parallel for num_threads(context.threads())
    for (int b = 0; b < tiles.per_view(); ++b) {
      if (!tiles.block(b).anchors) continue;
      for (int view = 0; view < 2; ++view) {  // in one thread: both gradients may be in the same memory
        const Destination& to = view == 0 ? args.dview1 : args.dview2;
        for (int i = 0; i < tiles.block(b).count; ++i) {
          const float* from = gradients.as<float>() + ((view * tiles.per_view() + b) * kBlock + i) * stride;
          T* du = to.view.as<T>() + (tiles.block(b).first + i - args.pairs.first_anchor) * d;
          for (std::int64_t k = 0; k < d; ++k) {
            du[k] = T(factor * from[k] + (to.accumulate ? static_cast<float>(du[k]) : 0.0f));
          }
        }
      }
    }
  });
}

}  // namespace kernels::cpu
