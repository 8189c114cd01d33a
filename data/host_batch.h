#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "data/source.h"

namespace data {

/// One batch in host memory, as B rows.
struct HostBatch {
  std::int64_t step = 0;
  std::int64_t rows = 0;                          ///< B, or fewer in the last batch of a loader that keeps it
  std::vector<std::uint8_t> images;               ///< [B,image_views,H,W,C]; empty where images differ in size
  std::vector<std::vector<std::uint8_t>> ragged;  ///< [B,image_views] images [H,W,C] each, where they do; else empty
  std::vector<std::int32_t> extents;              ///< [B,2] height and width of each image
  std::vector<std::uint64_t> counters;            ///< [B] epoch * size + example: the index for Philox
  /// The counter of the first row of the whole batch, where this is a part of it.
  std::optional<std::uint64_t> first_counter = {};
  std::vector<std::uint64_t> bits;                ///< [bit_views,B]
  std::vector<std::vector<std::int32_t>> labels;  ///< of each label set: [B, per_example]

  /// Memory for `count` examples of a source.
  HostBatch(const Source& source, std::int64_t count);
  HostBatch() = default;

  /// Stores an example of that source as row `row`. Different rows may be stored at the same time. An image of a size
  /// of its own is not copied: the example gets the row's previous memory for its next one.
  void store(std::int64_t row, const Visit& visit, Example& example);

  /// The first rows, as a batch of their own.
  HostBatch head(std::int64_t count) const;

  std::int64_t capacity() const { return static_cast<std::int64_t>(counters.size()); }
  /// What it takes now; of images that differ in size, those that it holds.
  std::int64_t bytes() const;

 private:
  std::size_t image_views() const { return static_cast<std::size_t>(layout_.image_views); }
  void store_image(std::size_t at, std::int64_t example, std::vector<std::uint8_t>& pixels);
  void set_extent(std::size_t row, const Extent& extent);

  InputLayout layout_;
  std::size_t image_bytes_ = 0;
};

}  // namespace data
