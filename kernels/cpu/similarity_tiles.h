#pragma once
#include <limits>
#include <vector>

#include "kernels/cpu/tile_product.h"
#include "kernels/nt_xent.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {

/// Rows per block. A tile of similarities and the vectors and gradients of both its blocks (at d = 128) fill about half
/// a megabyte: a second-level cache. Divisible by every patch size.
inline constexpr int kBlock = 96;
static_assert(kBlock % kPatchRows == 0 && kBlock % kPatchCols == 0);

/// Floats from one row of a tile to the next: an odd number of cache lines, so that a column of a tile is spread over
/// all sets of the cache.
inline constexpr int kTileRow = kBlock + 16;

/// What stands where there is no pair to compare: exp of it is 0 whatever is subtracted first.
inline constexpr float kMasked = std::numeric_limits<float>::lowest();

/// All 2n rows cut into blocks, and their similarities tile by tile, in units of log2: t_ik = s_ik log2(e), so that
/// exp(s) = exp2(t) costs no multiplication.
///
/// Both views are cut alike, view 1 first: blocks b and b + per_view() show the same examples, so positives are exactly
/// the diagonals of tiles (b, b + per_view()), and self pairs those of tiles (b, b). Anchors fill blocks of their own.
class SimilarityTiles {
 public:
  struct Block {
    std::int64_t first;  ///< example
    int count;           ///< at most kBlock
    bool anchors;
  };

  SimilarityTiles(const Context& context, const ContrastPairs& pairs, std::int64_t anchors);

  int count() const { return 2 * per_view(); }
  int per_view() const { return static_cast<int>(cuts_.size()); }
  const Block& block(int b) const { return cuts_[static_cast<std::size_t>(b % per_view())]; }
  bool same_examples(int i, int j) const { return i + per_view() == j; }
  /// Whether the pairs of tile (i, j) are compared at all and at least one of its blocks has anchors.
  bool wanted(int i, int j) const {
    return (within_views_ || (i < per_view()) != (j < per_view())) && (block(i).anchors || block(j).anchors);
  }

  /// |t| is at most this for every pair (Cauchy-Schwarz).
  float bound() const { return bound_; }

  /// Tile (i, j), in memory of the thread: kBlock rows of kTileRow; rows and columns are the rows of blocks i and j.
  /// kMasked on the diagonal of (i, i) and in columns from block(j).count to the next whole vector.
  float* compute(int i, int j, int thread) const;
  /// The memory that `compute` writes to.
  float* memory(int thread) const { return tiles_.as<float>() + thread * kBlock * kTileRow; }

  /// Vectors of block b, kBlock rows of row_stride() floats, zero beyond row block(b).count and column d.
  const float* rows(int b) const { return rows_.as<float>() + b * kBlock * row_stride_; }
  std::int64_t row_stride() const { return row_stride_; }

 private:
  static std::vector<Block> cut(const ContrastPairs& pairs, std::int64_t anchors);
  template <class T>
  float pack(int b, const T* view, float scale) const;

  std::int64_t d_, row_stride_;
  bool within_views_, bf16_products_;
  std::vector<Block> cuts_;
  engine::Scratch rows_;
  engine::Scratch
      columns_;  // the vectors times log2(e) / temperature, per block, in panels [d][kPatchCols]: the second factor
  engine::Scratch tiles_;  // one per thread
  float bound_;
};

/// Where exp2 of tile (i, j), laid out as `SimilarityTiles::compute` does, is kept in memory of so many floats;
/// negative for the tiles that it has no room for.
inline std::int64_t kept_offset(int i, int j, std::int64_t floats) {
  constexpr std::int64_t kTileFloats = std::int64_t{kBlock} * kTileRow;
  const std::int64_t index = std::int64_t{j} * (j + 1) / 2 + i;
  return (index + 1) * kTileFloats <= floats ? index * kTileFloats : -1;
}

}  // namespace kernels::cpu
