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

SimilarityTiles::SimilarityTiles(const Context& context, const Similarities& s, std::int64_t anchors)
    : d_(s.view1.shape.cols()),
      row_stride_(padded_row(d_)),
      within_views_(s.within_views()),
      with_self_(s.candidates == Candidates::all),
      queue_(s.of_queue()),
      bf16_products_(s.bf16_products),
      cuts_(cut(s, anchors)),
      first_blocks_(queue_ ? count() - static_cast<int>(ceil_div(s.queue.shape.rows(), kBlock)) : count() / 2),
      scale_(std::numbers::log2e_v<float> / s.temperature.current() * s.sharpness),
      rows_(engine::Scratch::floats(context, count() * kBlock * row_stride_)),
      columns_(engine::Scratch::floats(context, count() * kBlock * d_)),
      tiles_(engine::Scratch::floats(context, context.threads() * kBlock * kTileRow)) {
  std::fill_n(tiles_.as<float>(), context.threads() * kBlock * kTileRow, 0.0f);
  float longest = 0;
  with_float_type(s.view1.dtype, [&]<class T>(T*) {
    const T *view1 = s.view1.as<T>(), *partner = queue_ ? s.queue.as<T>() : s.view2.as<T>();
#pragma omp parallel for num_threads(context.threads()) reduction(max : longest)
    for (int b = 0; b < count(); ++b) longest = std::max(longest, pack(b, b < first_blocks() ? view1 : partner));
  });
  longest_ = longest;
}

std::vector<SimilarityTiles::Block> SimilarityTiles::cut(const Similarities& s, std::int64_t anchors) {
  std::vector<Block> blocks;
  const auto add = [&](std::int64_t begin, std::int64_t end, bool are_anchors) {
    for (; begin < end; begin += kBlock) {
      blocks.push_back({.first = begin,
                        .count = static_cast<int>(std::min<std::int64_t>(kBlock, end - begin)),
                        .anchors = are_anchors});
    }
  };
  const auto add_view = [&] {
    const std::int64_t end = s.first_anchor + anchors;
    add(0, s.first_anchor, false);
    add(s.first_anchor, end, true);
    add(end, s.view1.shape.rows(), false);
  };
  add_view();
  s.of_queue() ? add(0, s.queue.shape.rows(), false) : add_view();
  return blocks;
}

/// Returns the largest squared length of a row.
template <class T>
float SimilarityTiles::pack(int b, const T* view) {
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
      column[k * kPatchCols] = x * scale_;
      squared += x * x;
    }
    longest = std::max(longest, squared);
  }
  return longest;
}

Tile SimilarityTiles::compute(int i, int j, int thread) const {
  const Tile tile = memory(i, j, thread);
  tile_product({.a = rows(i),
                .a_row = row_stride_,
                .a_depth = 1,
                .b = columns_.as<float>() + j * kBlock * d_,
                .b_depth = kPatchCols,
                .b_panel = d_ * kPatchCols,
                .c = tile.data,
                .c_row = kTileRow,
                .rows = tile.rows,
                .cols = tile.columns,
                .depth = static_cast<int>(d_)});
  const auto padding = round_up(tile.columns, kLanes) - tile.columns;
  for (int row = 0; row < tile.rows; ++row) {
    std::fill_n(tile.data + row * kTileRow + tile.columns, padding, kMasked);
    if (i == j && !with_self_) tile.data[row * kTileRow + row] = kMasked;
  }
  return tile;
}

}  // namespace kernels::cpu
