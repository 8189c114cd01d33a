#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/exp2.h"
#include "kernels/cuda/similarity_grid.h"
#include "kernels/similarity.h"

namespace kernels::cuda {
namespace {

/// Below every similarity in units of log2, but finite: subtracted from itself it gives 0.
constexpr float kNothing = -1e30f;

/// sum_k exp2(t_ik) = sum * exp2(top), updated online (Milakov & Gimelshein 2018).
struct ExpSum {
  float top = kNothing, sum = 0;

  __device__ void add(const ExpSum& other) {
    const float higher = fmaxf(top, other.top);
    sum = sum * fast_exp2(top - higher) + other.sum * fast_exp2(other.top - higher);
    top = higher;
  }
};

/// The state of an anchor after some of its candidates: the sum over all but its positive and, for anchors of view 1
/// only, the product with its own row of view 2 and the highest products with rows before and after it. All rows of a
/// queue are before it: the positive must be more similar than they are.
struct Anchor {
  ExpSum exponentials;
  float before = -INFINITY, after = -INFINITY, positive = -INFINITY;

  /// Selects by value, not by a reference to one of the three, so that they stay in registers.
  __device__ void meet(float product, bool own, bool earlier) {
    before = fmaxf(before, !own && earlier ? product : -INFINITY);
    after = fmaxf(after, !own && !earlier ? product : -INFINITY);
    positive = fmaxf(positive, own ? product : -INFINITY);
  }
  __device__ void add(const Anchor& other) {
    exponentials.add(other.exponentials);
    before = fmaxf(before, other.before);
    after = fmaxf(after, other.after);
    positive = fmaxf(positive, other.positive);
  }
};

__device__ Anchor of_lane(const Anchor& anchor, int bits) {
  const auto other = [bits](float value) { return __shfl_xor_sync(kAllLanes, value, bits); };
  return {{other(anchor.exponentials.top), other(anchor.exponentials.sum)},
          other(anchor.before),
          other(anchor.after),
          other(anchor.positive)};
}

/// Processes a tile product by product. Sets the products of an anchor with its positive and, unless it is a candidate,
/// with itself, and the columns beyond the last row to -infinity.
template <class Tile>
__device__ void meet_one_by_one(Tile& tile, const AnchorBlock& block, const CandidateTile<Tile>& candidates,
                                bool rivals, bool with_self, Anchor (&anchors)[Tile::kThreadRows]) {
  const bool keeps_own = candidates.side == kQueue || (with_self && candidates.side == block.view);
#pragma unroll
  for (int r = 0; r < Tile::kThreadRows; ++r) {
    const int own = keeps_own ? -1 : block.first + Tile::row(r);
#pragma unroll
    for (int c = 0; c < Tile::kThreadColumns; ++c) {
      const int row = candidates.first + Tile::column(c);
      float& product = tile.at(r, c);
      if (rivals && row < candidates.rows) anchors[r].meet(product, row == own, keeps_own || row < own);
      if (row >= candidates.rows || row == own) product = -INFINITY;
    }
  }
}

template <class Tile>
__global__ void __launch_bounds__(kThreads, 2)
    meet_candidates(const Operands<typename Tile::Element> s, Anchor* parts) {
  const AnchorBlock block = AnchorBlock::mine<Tile>(s);
  const float scale = s.scale();
  Anchor anchors[Tile::kThreadRows];
  Tile tile;
  for_each_tile<Tile, TwoExponentials>(s, block, 0, tile, [&](const CandidateTile<Tile>& candidates) {
    const bool special = candidates.special(block), rivals = block.view == 0 && candidates.side > 0;
    if (special) meet_one_by_one(tile, block, candidates, rivals, s.candidates == Candidates::all, anchors);
#pragma unroll
    for (int r = 0; r < Tile::kThreadRows; ++r) {
      float highest = tile.at(r, 0);
#pragma unroll
      for (int c = 1; c < Tile::kThreadColumns; ++c) highest = fmaxf(highest, tile.at(r, c));
      if (rivals && !special) {
        anchors[r].meet(highest, false, candidates.side == kQueue || candidates.first < block.first);
      }
      ExpSum& all = anchors[r].exponentials;
      const float top = fmaxf(all.top, highest * scale);
      float added = 0;
#pragma unroll
      for (int c = 0; c < Tile::kThreadColumns; ++c) added += fast_exp2(fmaf(tile.at(r, c), scale, -top));
      all.sum = all.sum * fast_exp2(all.top - top) + added;
      all.top = top;
    }
  });
  const std::int64_t rows = std::int64_t{gridDim.x} * Tile::kRows;
#pragma unroll
  for (int r = 0; r < Tile::kThreadRows; ++r) {
#pragma unroll
    for (int bits = Tile::kRowLanes / 2; bits > 0; bits /= 2) anchors[r].add(of_lane(anchors[r], bits));
    if (Tile::lane_of_row() == 0) parts[blockIdx.y * rows + block.row + Tile::row(r)] = anchors[r];
  }
}

struct Totals {
  double loss, alignment, distribution, correct;

  __device__ void add(const Totals& other) {
    loss += other.loss;
    alignment += other.alignment;
    distribution += other.distribution;
    correct += other.correct;
  }
  __device__ Totals over_block() const {
    return {block_sum(loss), block_sum(alignment), block_sum(distribution), block_sum(correct)};
  }
};

/// The products of anchors with their own keys, a warp for each.
template <class Element>
__global__ void __launch_bounds__(kThreads) multiply_positives(const Operands<Element> s, float* products) {
  const std::int64_t anchor = warp_in_grid();
  if (anchor >= s.anchors) return;
  const std::int64_t row = (s.first_anchor + anchor) * s.depth;
  float sum = 0;
  for (int k = lane_in_warp(); k < s.depth; k += kWarp) {
    sum += static_cast<float>(s.view1[row + k]) * static_cast<float>(s.view2[row + k]);
  }
  sum = warp_sum(sum);
  if (lane_in_warp() == 0) products[anchor] = sum;
}

/// What a walk over the candidates leaves.
struct Parts {
  const Anchor* of_ranges;  // [ranges][rows], the anchors of each view in as many rows
  int ranges, views;
  std::int64_t rows, anchors;
  const float* positives;  // [anchors], where no candidate is an anchor's positive; or null

  __device__ Anchor of_anchor(int view, std::int64_t i) const {
    const Anchor* part = of_ranges + view * (rows / views) + i;
    Anchor all = *part;
    for (int range = 1; range < ranges; ++range) all.add(part[range * rows]);
    return all;
  }
};

template <class Rule, class Element>
__global__ void __launch_bounds__(kThreads)
    finish_anchors(const Parts parts, const Operands<Element> s, const Rule rule, double negatives,
                   const SimilarityForward args, Totals* totals) {
  constexpr double kLn2 = std::numbers::ln2;
  const auto scale = static_cast<double>(s.scale());
  const double unit = std::numbers::log2e / static_cast<double>(args.s.temperature.current());
  Totals mine{};
  for (std::int64_t i = first_in_grid(); i < parts.anchors; i += grid_stride()) {
    Anchor first = parts.of_anchor(0, i);
    if (parts.positives != nullptr) first.positive = parts.positives[i];
    const double log2_own = scale * static_cast<double>(first.positive);
    const double own = kLn2 * log2_own / static_cast<double>(args.s.sharpness);
    double attraction = 0;
#pragma unroll 1  // the rule is long
    for (int view = 0; view < parts.views; ++view) {
      const std::int64_t at = view * parts.anchors + i;
      float* weights = args.weights ? args.weights.as<float>() + at : nullptr;
      const double log2_weights = weights == nullptr ? 0 : std::numbers::log2e * static_cast<double>(*weights);
      const ExpSum all = view == 0 ? first.exponentials : parts.of_anchor(view, i).exponentials;
      const AnchorTerms one = rule(
          {static_cast<double>(all.top) + log2(static_cast<double>(all.sum)), log2_own, log2_weights, negatives, unit});
      args.lse.as<float>()[at] = static_cast<float>(one.lse);
      if (weights != nullptr) *weights = static_cast<float>(one.weights_lse);
      attraction += one.attraction;
      mine.add({one.loss, -own, own + one.loss, 0});
    }
    if (!args.sums) continue;
    const bool won = first.before < first.positive && first.after <= first.positive;
    args.positive.as<float>()[i] = static_cast<float>(own);
    args.attraction.as<float>()[i] = static_cast<float>(attraction);
    args.correct.as<float>()[i] = won ? 1.0f : 0.0f;
    mine.correct += won ? 1 : 0;
  }
  mine = mine.over_block();
  if (threadIdx.x == 0) totals[blockIdx.x] = mine;
}

__global__ void __launch_bounds__(kThreads)
    add_totals(const Totals* totals, int count, std::int64_t n, const SimilarityForward args) {
  Totals all{};
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) all.add(totals[i]);
  all = all.over_block();
  if (threadIdx.x != 0) return;
  const double inverse_n = 1 / static_cast<double>(n);
  float* sums = args.sums.as<float>();
  sums[kContrastLoss] = args.scale.value(all.loss * inverse_n, args.s.temperature.current());
  sums[kContrastAlignment] = static_cast<float>(all.alignment * inverse_n);
  sums[kContrastDistribution] = static_cast<float>(all.distribution * inverse_n);
  sums[kContrastAccuracy] = static_cast<float>(all.correct * inverse_n);
}

}  // namespace

// Recomputing an exponential is faster here than loading it.
std::int64_t similarity_kept(const Similarities&) { return 0; }

void similarity_forward(const Context& context, const SimilarityForward& args) {
  const std::int64_t anchors = args.lse.shape[1];
  with_tile(args.s, [&]<class Tile>(Tile*) {
    const AlignedRows<typename Tile::Element> aligned_rows(context, args.s);
    const auto s = aligned_rows.operands(args.s, anchors);
    const Launch meeting = walk<Tile>(s, 1, context);
    const std::int64_t rows = std::int64_t{meeting.grid.x} * Tile::kRows;
    const engine::Scratch part_scratch(context, meeting.grid.y * static_cast<std::size_t>(rows) * sizeof(Anchor));
    launch(meeting, meet_candidates<Tile>, s, part_scratch.as<Anchor>());

    std::optional<engine::Scratch> positives;
    if (s.of_queue()) {
      positives.emplace(context, static_cast<std::size_t>(anchors) * sizeof(float));
      launch(warp_each(anchors, stream(context)), multiply_positives<typename Tile::Element>, s,
             positives->template as<float>());
    }
    const Parts parts{.of_ranges = part_scratch.as<Anchor>(),
                      .ranges = static_cast<int>(meeting.grid.y),
                      .views = s.views(),
                      .rows = rows,
                      .anchors = anchors,
                      .positives = positives ? positives->template as<float>() : nullptr};
    const Launch finishing = strided(anchors, stream(context));
    const engine::Scratch total_scratch(context, finishing.grid.x * sizeof(Totals));
    with_rule(args.rule, [&]<class Rule>(const Rule& rule) {
      launch(finishing, finish_anchors<Rule, typename Tile::Element>, parts, s, rule,
             static_cast<double>(args.s.negatives()), args, total_scratch.as<Totals>());
    });
    if (!args.sums) return;
    launch(block_each(1, stream(context)), add_totals, total_scratch.as<Totals>(), static_cast<int>(finishing.grid.x),
           s.n, args);
  });
}

}  // namespace kernels::cuda
