#pragma once
#include <numbers>

#include "kernels/cuda/exp2.h"
#include "kernels/cuda/similarity_tile.h"
#include "kernels/similarity.h"

/// How thread blocks split the similarities: gridDim.x ranges of anchors, gridDim.y ranges of candidates, gridDim.z
/// chunks of the gradient's elements.
namespace kernels::cuda {

/// Where candidates are, beside the two views.
inline constexpr int kQueue = 2;

/// The similarities as the device reads them.
template <class Element>
struct Operands {
  const Element *view1, *view2, *queue;  // [n, depth], [n, depth] and [queue_rows, depth]
  int n, queue_rows, depth;              // a vector is a multiple of 16 bytes
  int first_anchor, anchors;             // examples
  Candidates candidates;
  float fixed_scale;         // log2(e) sharpness / temperature, unless
  const float* temperature;  // on the device, where this is not null; then
  float sharpness;           // log2(e) sharpness
  const float* lse;          // [views,n], to load the candidates' sums too; or null

  /// exp(s) = exp2(scale * product)
  __device__ float scale() const { return temperature == nullptr ? fixed_scale : sharpness / *temperature; }
  __device__ const Element* vectors(int side) const { return side == 0 ? view1 : side == 1 ? view2 : queue; }
  HOST_DEVICE int rows(int side) const { return side == kQueue ? queue_rows : n; }
  HOST_DEVICE bool of_queue() const { return candidates == Candidates::queue; }
  /// The number of views with anchors.
  HOST_DEVICE int views() const { return of_queue() ? 1 : 2; }
  /// No block mixes anchors of both views.
  template <class Tile>
  HOST_DEVICE int blocks_per_view() const {
    return ceil_div(anchors, Tile::kRows);
  }
  template <class Tile>
  HOST_DEVICE int tiles_per_side() const {
    return ceil_div(of_queue() ? queue_rows : n, Tile::kColumns);
  }
  HOST_DEVICE bool within_views() const { return candidates == Candidates::others || candidates == Candidates::all; }
  template <class Tile>
  HOST_DEVICE int tiles() const {
    return (within_views() ? 2 : 1) * tiles_per_side<Tile>();
  }
  template <class Tile>
  HOST_DEVICE int chunks() const {
    return ceil_div(depth, Tile::kDepth);
  }
};

/// How weights are made of products p and the natural logarithms of the rows' sums: w_ik + w_ki =
/// exp2(scale p - l_i) + exp2(scale p - l_k), l = log2 of a sum.
struct TwoExponentials {
  static constexpr float kNoRow = INFINITY;
  static __device__ float term(float lse, float) { return std::numbers::log2e_v<float> * lse; }
  /// No exponent exceeds 0 by more than the log2 of a share in the loss.
  static __device__ float weight(float product, float scale, float l_i, float l_k) {
    return fast_exp2(fmaf(product, scale, -l_i)) + fast_exp2(fmaf(product, scale, -l_k));
  }
};
/// The same as exp2(scale p - scale) (e_i + e_k), e = exp2(scale - l): an exponential per product and one per row.
/// Products of unit rows are at most 1, and their sums at least exp2(-scale), so that up to kMostScale nothing
/// overflows or is lost.
struct OneExponential {
  static constexpr float kNoRow = 0, kMostScale = 49;  // temperature 0.03
  static __device__ float term(float lse, float scale) {
    return fast_exp2(fmaf(-std::numbers::log2e_v<float>, lse, scale));
  }
  static __device__ float weight(float product, float scale, float e_i, float e_k) {
    return fast_exp2(fmaf(product, scale, -scale)) * (e_i + e_k);
  }
};

/// A block's anchors: examples [first, first + kRows) of a view, up to the last anchor.
struct AnchorBlock {
  int view;
  int first;
  int row;  // index of its first anchor among those of all blocks

  template <class Tile, class Element>
  static __device__ AnchorBlock mine(const Operands<Element>& s) {
    const int block = static_cast<int>(blockIdx.x), blocks = s.template blocks_per_view<Tile>();
    return {block / blocks, s.first_anchor + block % blocks * Tile::kRows, block * Tile::kRows};
  }
};

/// Candidates of one tile: rows [first, first + kColumns) of a view or of the queue.
template <class Tile>
struct CandidateTile {
  using Element = typename Tile::Element;
  int side, first;
  int rows;                // of the side
  const Element* vectors;  // [kColumns][kStride] in shared memory, zero beyond the last row
  const float* terms;      // [kColumns] in shared memory: of the rows' sums, kNoRow beyond the last and for a queue

  /// Whether the tile contains products that are not pairs of two different examples.
  __device__ bool special(const AnchorBlock& anchors) const {
    return first + Tile::kColumns > rows ||
           (side != kQueue && first < anchors.first + Tile::kRows && anchors.first < first + Tile::kColumns);
  }
};

template <class Tile>
struct WalkMemory {
  struct Stage {
    typename Tile::Element rows[Tile::kRows * Tile::kStride], columns[Tile::kColumns * Tile::kStride];
    float terms[Tile::kColumns];
  } stages[Tile::kStages];
  typename Tile::Shared tile;
};

/// to[v] = the chunk of vectors[first + v], or zero beyond the last vector. A thread copies the same 16 bytes of every
/// vector.
template <class Tile, int kCount, class Element>
__device__ void fetch_vectors(Element* to, const Element* vectors, int first, int n, int depth, int chunk) {
  constexpr int kPiece = 16 / sizeof(Element), kPieces = Tile::kDepth / kPiece, kAtOnce = kThreads / kPieces;
  static_assert(kThreads % kPieces == 0 && kCount % kAtOnce == 0);
  const int vector = static_cast<int>(threadIdx.x) / kPieces, piece = static_cast<int>(threadIdx.x) % kPieces;
  const int element = chunk * Tile::kDepth + piece * kPiece;
  const int left = element < depth ? n - first - vector : 0;  // number of existing vectors from here on
  const Element* from = vectors + std::int64_t{first + vector} * depth + element;
  to += vector * Tile::kStride + piece * kPiece;
#pragma unroll 1  // unrolled, the addresses would need more registers
  for (int v = 0; v < kCount; v += kAtOnce) {
    copy_async16(to, v < left ? from : vectors, v < left ? 16 : 0);
    to += kAtOnce * Tile::kStride;
    from += kAtOnce * depth;
  }
}

/// The place of a step of a walk: counted, because a division by what is known at run time takes thirty instructions.
struct WalkStep {
  int side, tile, turn;  // turn: chunks of the tile so far
};

/// Calls body(candidates) for each tile in the block's range of candidates. `tile` then holds the candidates' products
/// with the anchors, and shared memory their chunk `last_chunk` and the Weights' terms of their sums.
template <class Tile, class Weights, class Body>
__device__ void for_each_tile(const Operands<typename Tile::Element>& s, const AnchorBlock& anchors, int last_chunk,
                              Tile& tile, const Body& body) {
  static_assert(Tile::kStages <= 2);
  auto& memory = *dynamic_shared<WalkMemory<Tile>>();
  const int chunks = s.template chunks<Tile>();
  const int per_side = s.template tiles_per_side<Tile>();
  const std::int64_t tiles = s.template tiles<Tile>();
  const int begin = static_cast<int>(tiles * blockIdx.y / gridDim.y);
  const int end = static_cast<int>(tiles * (blockIdx.y + 1) / gridDim.y);
  const int steps = (end - begin) * chunks;  // tile by tile, and for each tile all chunks
  const float scale = s.scale();
  if (steps <= 0) return;

  const auto advance = [&](WalkStep& at) {
    if (++at.turn < chunks) return;
    at.turn = 0;
    if (++at.tile < per_side) return;
    at.tile = 0;
    ++at.side;
  };
  const auto candidates_of = [&](const WalkStep& at, int stage_index) {
    const auto& stage = memory.stages[stage_index];
    const int other = s.of_queue() ? kQueue : 1 - anchors.view, side = s.within_views() ? at.side : other;
    return CandidateTile<Tile>{.side = side,
                               .first = at.tile * Tile::kColumns,
                               .rows = s.rows(side),
                               .vectors = stage.columns,
                               .terms = stage.terms};
  };
  const auto fetch = [&](const WalkStep& at, int stage_index, bool is_first) {
    auto& stage = memory.stages[stage_index];
    const CandidateTile<Tile> to = candidates_of(at, stage_index);
    int chunk = at.turn + last_chunk + 1;
    if (chunk >= chunks) chunk -= chunks;
    if (is_first || chunks > 1) {
      fetch_vectors<Tile, Tile::kRows>(stage.rows, s.vectors(anchors.view), anchors.first, s.n, s.depth, chunk);
    }
    fetch_vectors<Tile, Tile::kColumns>(stage.columns, s.vectors(to.side), to.first, to.rows, s.depth, chunk);
    if (s.lse != nullptr && threadIdx.x < Tile::kColumns) {
      const int example = to.first + static_cast<int>(threadIdx.x);
      const bool has_sum = example < s.n && to.side != kQueue;
      stage.terms[threadIdx.x] =
          has_sum ? Weights::term(s.lse[std::int64_t{to.side} * s.n + example], scale) : Weights::kNoRow;
    }
    commit_copies();
  };

  WalkStep now{begin / per_side, begin % per_side, 0}, next = now;
  fetch(next, 0, true);
  advance(next);
  int stage_index = 0;
  for (int step = 0; step < steps; ++step) {
    wait_for_copies<0>();
    __syncthreads();  // the stage has arrived, and no thread still reads the previous one
    const int other_stage = Tile::kStages > 1 ? 1 - stage_index : 0;
    if (Tile::kStages > 1 && step + 1 < steps) {
      fetch(next, other_stage, false);
      advance(next);
    }
    const auto& stage = memory.stages[stage_index];
    if (step == 0 || chunks > 1) tile.take_rows(stage.rows);
    if (now.turn == 0) {
#pragma unroll
      for (int r = 0; r < Tile::kThreadRows; ++r) {
#pragma unroll
        for (int c = 0; c < Tile::kThreadColumns; ++c) tile.at(r, c) = 0;
      }
    }
    tile.multiply(stage.columns);
    if (now.turn == chunks - 1) body(candidates_of(now, stage_index));
    advance(now);
    if (Tile::kStages == 1 && step + 1 < steps) {
      __syncthreads();
      fetch(next, 0, false);
      advance(next);
    }
    stage_index = other_stage;
  }
}

}  // namespace kernels::cuda
