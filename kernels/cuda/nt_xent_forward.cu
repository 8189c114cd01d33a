#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/exp2.h"
#include "kernels/cuda/similarity_grid.h"
#include "kernels/nt_xent.h"

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
/// only, the product with its own row of view 2 and the highest products with rows before and after it.
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

/// Processes a tile product by product. Sets the products of an anchor with its own example, in either view, and the
/// columns beyond the last example to -infinity.
template <class Tile>
__device__ void meet_one_by_one(Tile& tile, const AnchorBlock& block, const CandidateTile<Tile>& candidates,
                                bool rivals, int n, Anchor (&anchors)[Tile::kThreadRows]) {
#pragma unroll
  for (int r = 0; r < Tile::kThreadRows; ++r) {
    const int own = block.first + Tile::row(r);
#pragma unroll
    for (int c = 0; c < Tile::kThreadColumns; ++c) {
      const int example = candidates.first + Tile::column(c);
      float& product = tile.at(r, c);
      if (rivals && example < n) anchors[r].meet(product, example == own, example < own);
      if (example >= n || example == own) product = -INFINITY;
    }
  }
}

template <class Tile>
__global__ void __launch_bounds__(kThreads, 2)
    meet_candidates(const Similarities<typename Tile::Element> s, Anchor* parts) {
  const AnchorBlock block = AnchorBlock::mine<Tile>(s);
  Anchor anchors[Tile::kThreadRows];
  Tile tile;
  for_each_tile<Tile>(s, block, 0, tile, [&](const CandidateTile<Tile>& candidates) {
    const bool special = candidates.special(block, s.n), rivals = block.view == 0 && candidates.view == 1;
    if (special) meet_one_by_one(tile, block, candidates, rivals, s.n, anchors);
#pragma unroll
    for (int r = 0; r < Tile::kThreadRows; ++r) {
      float highest = tile.at(r, 0);
#pragma unroll
      for (int c = 1; c < Tile::kThreadColumns; ++c) highest = fmaxf(highest, tile.at(r, c));
      if (rivals && !special) anchors[r].meet(highest, false, candidates.first < block.first);
      ExpSum& all = anchors[r].exponentials;
      const float top = fmaxf(all.top, highest * s.scale);
      float added = 0;
#pragma unroll
      for (int c = 0; c < Tile::kThreadColumns; ++c) added += fast_exp2(fmaf(tile.at(r, c), s.scale, -top));
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

__global__ void __launch_bounds__(kThreads)
    finish_anchors(const Anchor* parts, int ranges, std::int64_t rows, std::int64_t anchors, float scale, float* lse,
                   float* positive, float* attraction, float* correct, Totals* totals) {
  constexpr double kLn2 = std::numbers::ln2;
  Totals mine{};
  for (std::int64_t i = first_in_grid(); i < anchors; i += grid_stride()) {
    Anchor anchor[2];
#pragma unroll
    for (int view = 0; view < 2; ++view) {
      const Anchor* part = parts + view * (rows / 2) + i;
      anchor[view] = *part;
      for (int range = 1; range < ranges; ++range) anchor[view].add(part[range * rows]);
    }
    const double log2_own = static_cast<double>(scale) * static_cast<double>(anchor[0].positive), own = kLn2 * log2_own;
    const bool won = anchor[0].before < anchor[0].positive && anchor[0].after <= anchor[0].positive;
    positive[i] = static_cast<float>(own);
    correct[i] = won ? 1.0f : 0.0f;
    mine.correct += won ? 1 : 0;
    double missing = 0;
#pragma unroll
    for (int view = 0; view < 2; ++view) {
      const ExpSum& all = anchor[view].exponentials;
      const double log2_others = static_cast<double>(all.top) + log2(static_cast<double>(all.sum));
      const AnchorLoss one = AnchorLoss::of_odds(log2_others - log2_own);
      lse[view * anchors + i] = static_cast<float>(own + one.loss);
      missing += one.missing;
      mine.add({one.loss, -own, own + one.loss, 0});
    }
    attraction[i] = static_cast<float>(missing);
  }
  mine = mine.over_block();
  if (threadIdx.x == 0) totals[blockIdx.x] = mine;
}

__global__ void __launch_bounds__(kThreads) add_totals(const Totals* totals, int count, std::int64_t n, float* sums) {
  Totals all{};
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) all.add(totals[i]);
  all = all.over_block();
  if (threadIdx.x != 0) return;
  const double inverse_n = 1 / static_cast<double>(n);
  sums[kContrastLoss] = static_cast<float>(all.loss * inverse_n);
  sums[kContrastAlignment] = static_cast<float>(all.alignment * inverse_n);
  sums[kContrastDistribution] = static_cast<float>(all.distribution * inverse_n);
  sums[kContrastAccuracy] = static_cast<float>(all.correct * inverse_n);
}

}  // namespace

// Recomputing an exponential is faster here than loading it.
std::int64_t nt_xent_kept(const ContrastPairs&) { return 0; }

void nt_xent_forward(const Context& context, const NtXentForward& args) {
  const std::int64_t anchors = args.positive.shape.elements();
  with_tile(args.pairs, [&]<class Tile>(Tile*) {
    const AlignedViews<typename Tile::Element> views(context, args.pairs);
    const auto s = views.similarities(args.pairs, anchors);
    const Launch meeting = walk<Tile>(s, 1, context);
    const std::int64_t rows = std::int64_t{meeting.grid.x} * Tile::kRows;
    const engine::Scratch part_scratch(context, meeting.grid.y * static_cast<std::size_t>(rows) * sizeof(Anchor));
    launch(meeting, meet_candidates<Tile>, s, part_scratch.as<Anchor>());

    const Launch finishing = strided(anchors, stream(context));
    const engine::Scratch total_scratch(context, finishing.grid.x * sizeof(Totals));
    launch(finishing, finish_anchors, part_scratch.as<Anchor>(), static_cast<int>(meeting.grid.y), rows, anchors,
           s.scale, args.lse.as<float>(), args.positive.as<float>(), args.attraction.as<float>(),
           args.correct.as<float>(), total_scratch.as<Totals>());
    launch(block_each(1, stream(context)), add_totals, total_scratch.as<Totals>(), static_cast<int>(finishing.grid.x),
           s.n, args.sums.as<float>());
  });
}

}  // namespace kernels::cuda
