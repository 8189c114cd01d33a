#pragma once
#include <cstdint>
#include <vector>

namespace apps {

/// Which rows belong together, such as the views of an image or the images with a label.
struct Partition {
  std::vector<std::int32_t> part_of_row;  ///< [N], each in [0,parts)
  std::int32_t parts = 0;                 ///< every part has a row

  /// Rows with equal keys are a part; parts are numbered by ascending key.
  static Partition of(const std::vector<std::int64_t>& keys);
  /// Rows are together if they are together in both.
  static Partition common(const Partition& one, const Partition& other);

  std::int64_t rows() const { return static_cast<std::int64_t>(part_of_row.size()); }
  /// The rows of each part, ascending.
  std::vector<std::vector<std::int32_t>> members() const;
};

}  // namespace apps
