#pragma once
#include <limits>
#include <vector>

#include "kernels/cpu/tile_product.h"
#include "kernels/nt_xent.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {

/// Rows per block. A tile of similarities, with the vectors and gradients of both its blocks (at d = 128), takes about
/// half a megabyte, the size of a second-level cache. Divisible by every patch size.
inline constexpr int kBlock = 96;
static_assert(kBlock % kPatchRows == 0 && kBlock % kPatchCols == 0);

/// Floats from one row of a tile to the next: an odd number of cache lines, so that a column of a tile is spread over
/// all cache sets.
inline constexpr int kTileRow = kBlock + 16;

/// The value where there is no pair to compare: its exp is 0 whatever maximum is subtracted first.
inline constexpr float kMasked = std::numeric_limits<float>::lowest();

/// All 2n rows split into blocks, and their similarities tile by tile, in units of log2: t_ik = s_ik log2(e), so that
/// exp(s) = exp2(t) needs no multiplication.
///
/// Both views are split in the same way, view 1 first: blocks b and b + per_view() hold the same examples, so
/// positives are exactly the diagonals of tiles (b, b + per_view()), and self pairs those of tiles (b, b). A block
/// holds either only anchors or none.
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
  /// Whether the pairs of tile (i, j) are compared and at least one of its blocks has anchors.
  bool wanted(int i, int j) const {
    return (within_views_ || (i < per_view()) != (j < per_view())) && (block(i).anchors || block(j).anchors);
  }

  /// An upper bound of |t| over all pairs (Cauchy-Schwarz).
  float bound() const { return bound_; }

  /// Tile (i, j), in the thread's memory: kBlock rows of kTileRow floats; rows and columns are the rows of blocks i and
  /// j. kMasked on the diagonal of (i, i) and in columns from block(j).count to the next whole vector.
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
  engine::Scratch columns_;  // per block, second factor: vectors times log2(e) / temperature, in panels [d][kPatchCols]
  engine::Scratch tiles_;    // one per thread
  float bound_;
};

/// The offset of the exp2 values of tile (i, j), in the layout of `SimilarityTiles::compute`, in a buffer of `floats`
/// floats; negative for tiles that do not fit.
inline std::int64_t kept_offset(int i, int j, std::int64_t floats) {
  constexpr std::int64_t kTileFloats = std::int64_t{kBlock} * kTileRow;
  const std::int64_t index = std::int64_t{j} * (j + 1) / 2 + i;
  return (index + 1) * kTileFloats <= floats ? index * kTileFloats : -1;
}

}  // namespace kernels::cpu
