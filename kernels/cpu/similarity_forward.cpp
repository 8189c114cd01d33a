#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/cpu/pair_schedule.h"
#include "kernels/cpu/queue_ranges.h"
#include "kernels/cpu/similarity_tiles.h"
#include "kernels/float_types.h"
#include "kernels/similarity.h"

namespace kernels::cpu {
namespace {

using engine::Scratch;

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

/// For the accuracy: the highest similarity of each row of view 1 to rows of view 2 before and after its positive. All
/// rows of a queue are before it: the positive must be more similar than they are.
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

/// What the pairs are reduced to, row by row of the tiles' blocks: the sum of each row that may be an anchor, and the
/// rivals of each row of view 1. For a queue there is a part per range of its rows, added up into the first.
class Reduced {
 public:
  Reduced(const Context& context, const SimilarityTiles& tiles, std::int64_t anchor_views, int parts)
      : view_rows_(std::int64_t{tiles.first_blocks()} * kBlock),
        rows_(anchor_views * view_rows_),
        parts_(parts),
        memory_(Scratch::floats(context, parts * (2 * rows_ + view_rows_) + 2 * view_rows_)) {
    std::fill_n(top(), parts * rows_, tiles.bounded() ? 0.0f : kMasked);
    std::fill_n(sum(), parts * rows_, 0.0f);
    std::fill_n(before(), parts * view_rows_, kMasked);
    std::fill_n(after(), view_rows_, kMasked);
  }

  ExpSums sums(int block, int part = 0) const {
    const std::int64_t row = part * rows_ + std::int64_t{block} * kBlock;
    return {top() + row, sum() + row};
  }
  Rivals rivals(int block, int part = 0) const {
    const std::int64_t row = std::int64_t{block} * kBlock;
    return {before() + part * view_rows_ + row, after() + row, positive() + row};
  }

  void add_parts() const {
    for (int part = 1; part < parts_; ++part) {
      for (std::int64_t row = 0; row < rows_; ++row) {
        float &to_top = top()[row], &to_sum = sum()[row];
        const float from_top = top()[part * rows_ + row], from_sum = sum()[part * rows_ + row];
        const float higher = std::max(to_top, from_top);
        to_sum = to_sum * std::exp2(to_top - higher) + from_sum * std::exp2(from_top - higher);
        to_top = higher;
        before()[row] = std::max(before()[row], before()[part * view_rows_ + row]);
      }
    }
  }

 private:
  float* top() const { return memory_.as<float>(); }
  float* sum() const { return top() + parts_ * rows_; }
  float* before() const { return sum() + parts_ * rows_; }
  float* after() const { return before() + parts_ * view_rows_; }
  float* positive() const { return after() + view_rows_; }

  std::int64_t view_rows_, rows_;
  int parts_;
  Scratch memory_;
};

void reduce_pairs(const Context& context, const SimilarityTiles& tiles, const View& kept, const Reduced& reduced) {
  const std::int64_t keepable = kept ? kept.shape.elements() : 0;
  const bool bounded = tiles.bounded();
  for_each_pair(tiles.count(), context.threads(), [&](int i, int j, int thread) {
    if (!tiles.wanted(i, j)) return;
    const Tile tile = tiles.compute(i, j, thread);
    const int own = i + tiles.first_blocks();  // the block of view 2 with the examples of block i, if that is in view 1
    if (j == own) {
      meet_positives(tile, reduced.rivals(i));
    } else if (i < tiles.first_blocks() && j >= tiles.first_blocks()) {
      const Rivals rivals = reduced.rivals(i);
      meet_rivals(tile, j < own ? rivals.before : rivals.after);
    }
    const ExpSums rows = reduced.sums(i), columns = reduced.sums(j);
    if (!bounded) {
      add_unbounded(tile, rows, columns);
    } else if (const std::int64_t offset = kept_offset(i, j, keepable); offset >= 0) {
      add_bounded<true>(tile, rows, columns, kept.as<float>() + offset);
    } else {
      add_bounded<false>(tile, rows, columns, nullptr);
    }
  });
}

/// The products of anchors with their own rows of view 2.
void multiply_positives(const Similarities& s, const SimilarityTiles& tiles, const Reduced& reduced) {
  const std::int64_t d = s.view1.shape.cols();
  with_float_type(s.view1.dtype, [&]<class T>(T*) {
    const auto value = [&](const ConstView& view, std::int64_t at) {
      const T x = view.as<T>()[at];
      return static_cast<double>(s.bf16_products ? static_cast<float>(bf16(x)) : static_cast<float>(x));
    };
    for (int b = 0; b < tiles.first_blocks(); ++b) {
      for (int i = 0; i < tiles.block(b).count; ++i) {
        double product = 0;
        for (std::int64_t k = (tiles.block(b).first + i) * d, end = k + d; k < end; ++k) {
          product += value(s.view1, k) * value(s.view2, k);
        }
        reduced.rivals(b).positive[i] = tiles.scale() * static_cast<float>(product);
      }
    }
  });
}

void reduce_queue(const Context& context, const Similarities& s, const SimilarityTiles& tiles, const Reduced& reduced) {
  const QueueRanges ranges(tiles);
  ranges.for_each_tile(context.threads(), [&](int i, int j, int range, int thread) {
    const Tile tile = tiles.compute(i, j, thread);
    meet_rivals(tile, reduced.rivals(i, range).before);
    const ExpSums rows = reduced.sums(i, range);  // also for the columns: those have no sums
    if (tiles.bounded()) {
      add_bounded<false>(tile, rows, rows, nullptr);
    } else {
      add_unbounded(tile, rows, rows);
    }
  });
  reduced.add_parts();
  multiply_positives(s, tiles, reduced);
}

/// O(n), in a fixed order.
template <class Rule>
void finish(const SimilarityForward& args, const SimilarityTiles& tiles, const Reduced& reduced, const Rule& rule) {
  constexpr double kLn2 = std::numbers::ln2;
  const Similarities& s = args.s;
  const std::int64_t n = s.view1.shape.rows(), anchors = args.lse.shape[1];
  const float temperature = s.temperature.current();
  const double scale = std::numbers::log2e / static_cast<double>(temperature);
  const double to_plain = 1 / static_cast<double>(s.sharpness), negatives = static_cast<double>(s.negatives());
  const std::int64_t views = s.anchor_views();
  double loss = 0, alignment = 0, distribution = 0, accuracy = 0;
  for (int b = 0; b < tiles.first_blocks(); ++b) {
    if (!tiles.block(b).anchors) continue;
    const Rivals rivals = reduced.rivals(b);
    for (int i = 0; i < tiles.block(b).count; ++i) {
      const std::int64_t anchor = tiles.block(b).first + i - s.first_anchor;
      const auto log2_positive = static_cast<double>(rivals.positive[i]);
      const double positive = kLn2 * log2_positive * to_plain;
      double attraction = 0;
      for (int view = 0; view < views; ++view) {
        const ExpSums sums = reduced.sums(b + view * tiles.first_blocks());
        const std::int64_t at = view * anchors + anchor;
        float* weights = args.weights ? args.weights.as<float>() + at : nullptr;
        const double log2_weights = weights ? std::numbers::log2e * static_cast<double>(*weights) : 0;
        const AnchorTerms one =
            rule({.log2_negatives = static_cast<double>(sums.top[i]) + std::log2(static_cast<double>(sums.sum[i])),
                  .log2_positive = log2_positive,
                  .log2_weights = log2_weights,
                  .negatives = negatives,
                  .scale = scale});
        args.lse.as<float>()[at] = static_cast<float>(one.lse);
        if (weights) *weights = static_cast<float>(one.weights_lse);
        attraction += one.attraction;
        loss += one.loss;
        distribution += positive + one.loss;
        alignment -= positive;
      }
      if (!args.sums) continue;
      const bool correct = rivals.before[i] < rivals.positive[i] && rivals.after[i] <= rivals.positive[i];
      args.positive.as<float>()[anchor] = static_cast<float>(positive);
      args.attraction.as<float>()[anchor] = static_cast<float>(attraction);
      args.correct.as<float>()[anchor] = correct ? 1.0f : 0.0f;
      accuracy += correct;
    }
  }
  if (!args.sums) return;
  const double inverse_n = 1 / static_cast<double>(n);
  float* result = args.sums.as<float>();
  result[kContrastLoss] = args.scale.value(loss * inverse_n, temperature);
  result[kContrastAlignment] = static_cast<float>(alignment * inverse_n);
  result[kContrastDistribution] = static_cast<float>(distribution * inverse_n);
  result[kContrastAccuracy] = static_cast<float>(accuracy * inverse_n);
}

}  // namespace

std::int64_t similarity_kept(const Similarities& s) {
  constexpr std::int64_t kMost = 1 << 22;  // 16 MiB: all pairs of 2,000 rows, and small next to larger batches
  const std::int64_t n = s.view1.shape.rows();
  return s.of_queue() ? 0 : std::min(4 * n * n, kMost);
}

void similarity_forward(const Context& context, const SimilarityForward& args) {
  const SimilarityTiles tiles(context, args.s, args.lse.shape[1]);
  const Reduced reduced(context, tiles, args.s.anchor_views(), args.s.of_queue() ? QueueRanges(tiles).count() : 1);
  if (args.s.of_queue()) {
    reduce_queue(context, args.s, tiles, reduced);
  } else {
    reduce_pairs(context, tiles, args.kept, reduced);
  }
  with_rule(args.rule, [&](const auto& rule) { finish(args, tiles, reduced, rule); });
}

}  // namespace kernels::cpu
