#include "kernels/cpu/similarity_tiles.h"

#include <algorithm>
#include <numbers>

#include "kernels/float_types.h"

namespace kernels::cpu {
namespace {

/// d rounded up to whole patches and to an odd number of cache lines (see kTileRow).
std::int64_t padded_row(std::int64_t d) {
  constexpr std::int64_t kLine = 16;
  const std::int64_t stride = round_up(std::max<std::int64_t>(d, 1), std::max<std::int64_t>(kPatchCols, kLine));
  return stride / kLine % 2 == 1 ? stride : stride + kLine;
}

}  // namespace

SimilarityTiles::SimilarityTiles(const Context& context, const ContrastPairs& pairs, std::int64_t anchors)
    : d_(pairs.view1.shape.cols()),
      row_stride_(padded_row(d_)),
      within_views_(pairs.within_views),
      bf16_products_(pairs.bf16_products),
      cuts_(cut(pairs, anchors)),
      rows_(engine::Scratch::floats(context, count() * kBlock * row_stride_)),
      columns_(engine::Scratch::floats(context, count() * kBlock * d_)),
      tiles_(engine::Scratch::floats(context, context.threads() * kBlock * kTileRow)) {
  std::fill_n(tiles_.as<float>(), context.threads() * kBlock * kTileRow, 0.0f);
  const float scale = std::numbers::log2e_v<float> / pairs.temperature;
  float longest = 0;  // squared
  with_float_type(pairs.view1.dtype, [&]<class T>(T*) {
    const T *view1 = pairs.view1.as<T>(), *view2 = pairs.view2.as<T>();
#pragma omp parallel for num_threads(context.threads()) reduction(max : longest)
    for (int b = 0; b < count(); ++b) longest = std::max(longest, pack(b, b < per_view() ? view1 : view2, scale));
  });
  bound_ = longest * scale;
}

std::vector<SimilarityTiles::Block> SimilarityTiles::cut(const ContrastPairs& pairs, std::int64_t anchors) {
  std::vector<Block> blocks;
  const auto add = [&](std::int64_t begin, std::int64_t end, bool are_anchors) {
    for (; begin < end; begin += kBlock) {
      blocks.push_back({.first = begin,
                        .count = static_cast<int>(std::min<std::int64_t>(kBlock, end - begin)),
                        .anchors = are_anchors});
    }
  };
  const std::int64_t end = pairs.first_anchor + anchors;
  add(0, pairs.first_anchor, false);
  add(pairs.first_anchor, end, true);
  add(end, pairs.view1.shape.rows(), false);
  return blocks;
}

/// Returns the largest squared length of a row.
template <class T>
float SimilarityTiles::pack(int b, const T* view, float scale) const {
  float* rows = rows_.as<float>() + b * kBlock * row_stride_;
  float* columns = columns_.as<float>() + b * kBlock * d_;
  std::fill_n(rows, kBlock * row_stride_, 0.0f);
  std::fill_n(columns, kBlock * d_, 0.0f);
  float longest = 0;
  for (int i = 0; i < block(b).count; ++i) {
    const T* from = view + (block(b).first + i) * d_;
    float* column = columns + i / kPatchCols * d_ * kPatchCols + i % kPatchCols;
    float squared = 0;
    for (std::int64_t k = 0; k < d_; ++k) {
      const float x = bf16_products_ ? static_cast<float>(bf16(from[k])) : static_cast<float>(from[k]);
      rows[i * row_stride_ + k] = x;
      column[k * kPatchCols] = x * scale;
      squared += x * x;
    }
    longest = std::max(longest, squared);
  }
  return longest;
}

float* SimilarityTiles::compute(int i, int j, int thread) const {
  float* tile = memory(thread);
  const int row_count = block(i).count, column_count = block(j).count;
  tile_product({.a = rows(i),
                .a_row = row_stride_,
                .a_depth = 1,
                .b = columns_.as<float>() + j * kBlock * d_,
                .b_depth = kPatchCols,
                .b_panel = d_ * kPatchCols,
                .c = tile,
                .c_row = kTileRow,
                .rows = row_count,
                .cols = column_count,
                .depth = static_cast<int>(d_)});
  const auto padding = round_up(column_count, kLanes) - column_count;
  for (int row = 0; row < row_count; ++row) {
    std::fill_n(tile + row * kTileRow + column_count, padding, kMasked);
    if (i == j) tile[row * kTileRow + row] = kMasked;
  }
  return tile;
}

}  // namespace kernels::cpu
