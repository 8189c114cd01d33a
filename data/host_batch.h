#pragma once
#include <cstdint>
#include <vector>

#include "data/source.h"

namespace data {

/// One batch in host memory, as B rows.
struct HostBatch {
  std::int64_t step = 0;
  std::int64_t rows = 0;                          ///< B, or fewer in the last batch of a loader that keeps it
  std::vector<std::uint8_t> images;               ///< [B,H,W,C]
  std::vector<std::uint64_t> counters;            ///< [B] epoch * size + example: the index for Philox
  std::vector<std::uint64_t> bits;                ///< [bit_views,B]
  std::vector<std::vector<std::int32_t>> labels;  ///< of each label set: [B, per_example]

  /// Memory for `count` examples of a source, whose images must be of one size.
  HostBatch(const Source& source, std::int64_t count);
  HostBatch() = default;

  /// Stores an example of that source as row `row`. Different rows may be stored at the same time.
  void store(std::int64_t row, const Visit& visit, const Example& example);

  /// The first rows, as a batch of their own.
  HostBatch head(std::int64_t count) const;

  std::int64_t capacity() const { return static_cast<std::int64_t>(counters.size()); }
  std::int64_t bytes() const;

 private:
  InputLayout layout_;
  std::size_t image_bytes_ = 0;
};

}  // namespace data
