#pragma once
#include <limits>
#include <vector>

#include "kernels/cpu/tile_product.h"
#include "kernels/runtime/scratch.h"
#include "kernels/similarity.h"

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

/// Up to this bound on |t|, exp2(t), the sum of 2^32 of them and its inverse are normal floats: no maximum is
/// subtracted, and one exp2 serves both directions of a pair. Unit vectors stay below the bound down to temperature
/// 0.016.
inline constexpr float kSafeBound = 92;

/// Similarities of two blocks: `rows` x `columns`, in `vectors` whole vectors per row.
struct Tile {
  float* data;
  int rows, columns;
  int vectors = ceil_div(columns, kLanes);

  float* at(int row, int vector) const { return data + row * kTileRow + vector * kLanes; }
};

/// All rows split into blocks, and their similarities tile by tile, in units of log2: t_ik = s_ik log2(e), so that
/// exp(s) = exp2(t) needs no multiplication.
///
/// The blocks of view 1 come first, then those of its partner: view 2 or the queue. Both views are split in the same
/// way: blocks b and b + first_blocks() hold the same examples, so positives are exactly the diagonals of tiles
/// (b, b + first_blocks()), and self pairs those of tiles (b, b). A block holds either only anchors or none.
class SimilarityTiles {
 public:
  struct Block {
    std::int64_t first;  ///< row of its view or of the queue
    int count;           ///< at most kBlock
    bool anchors;
  };

  SimilarityTiles(const Context& context, const Similarities& s, std::int64_t anchors);

  int count() const { return static_cast<int>(cuts_.size()); }
  int first_blocks() const { return first_blocks_; }
  const Block& block(int b) const { return cuts_[static_cast<std::size_t>(b)]; }
  bool same_examples(int i, int j) const { return !queue_ && i + first_blocks() == j; }
  /// Whether the pairs of tile (i, j) are compared and at least one of its blocks has anchors.
  bool wanted(int i, int j) const {
    return (within_views_ || (i < first_blocks()) != (j < first_blocks())) && (block(i).anchors || block(j).anchors);
  }

  /// t = scale() u . v
  float scale() const { return scale_; }
  /// Whether no |t| exceeds kSafeBound (by Cauchy-Schwarz).
  bool bounded() const { return longest_ * scale_ <= kSafeBound; }

  /// Tile (i, j), in the thread's memory: kBlock rows of kTileRow floats; rows and columns are the rows of blocks i and
  /// j. kMasked on the diagonal of (i, i), unless a row is a candidate of itself, and in columns from block(j).count to
  /// the next whole vector.
  Tile compute(int i, int j, int thread) const;
  /// The same memory for the same tile, not computed.
  Tile memory(int i, int j, int thread) const {
    return {.data = tiles_.as<float>() + thread * kBlock * kTileRow, .rows = block(i).count, .columns = block(j).count};
  }

  /// Vectors of block b, kBlock rows of row_stride() floats, zero beyond row block(b).count and column d.
  const float* rows(int b) const { return rows_.as<float>() + b * kBlock * row_stride_; }
  std::int64_t row_stride() const { return row_stride_; }

 private:
  static std::vector<Block> cut(const Similarities& s, std::int64_t anchors);
  template <class T>
  float pack(int b, const T* view);

  std::int64_t d_, row_stride_;
  bool within_views_, with_self_, queue_, bf16_products_;
  std::vector<Block> cuts_;
  int first_blocks_;
  float scale_;
  engine::Scratch rows_;
  engine::Scratch columns_;  // per block, second factor: vectors times scale(), in panels [d][kPatchCols]
  engine::Scratch tiles_;    // one per thread
  float longest_ = 0;        // squared length
};

/// The offset of the exp2 values of tile (i, j), in the layout of `SimilarityTiles::compute`, in a buffer of `floats`
/// floats; negative for tiles that do not fit.
inline std::int64_t kept_offset(int i, int j, std::int64_t floats) {
  constexpr std::int64_t kTileFloats = std::int64_t{kBlock} * kTileRow;
  const std::int64_t index = std::int64_t{j} * (j + 1) / 2 + i;
  return (index + 1) * kTileFloats <= floats ? index * kTileFloats : -1;
}

}  // namespace kernels::cpu
