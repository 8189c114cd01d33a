#include "apps/evaluation/partition.h"

#include <algorithm>

#include "kernels/runtime/error.h"

namespace apps {

Partition Partition::of(const std::vector<std::int64_t>& keys) {
  std::vector<std::int64_t> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  Partition partition{.part_of_row = {}, .parts = static_cast<std::int32_t>(sorted.size())};
  for (const std::int64_t key : keys) {
    const auto found = std::lower_bound(sorted.begin(), sorted.end(), key);
    partition.part_of_row.push_back(static_cast<std::int32_t>(found - sorted.begin()));
  }
  return partition;
}

Partition Partition::common(const Partition& one, const Partition& other) {
  EXPECTS(one.rows() == other.rows(), "partition: ", one.rows(), " rows and ", other.rows(), " rows are not the same");
  std::vector<std::int64_t> keys;
  for (std::size_t i = 0; i < one.part_of_row.size(); ++i) {
    keys.push_back(std::int64_t{one.part_of_row[i]} * other.parts + other.part_of_row[i]);
  }
  return of(keys);
}

std::vector<std::vector<std::int32_t>> Partition::members() const {
  std::vector<std::vector<std::int32_t>> result(static_cast<std::size_t>(parts));
  for (std::size_t row = 0; row < part_of_row.size(); ++row) {
    result[static_cast<std::size_t>(part_of_row[row])].push_back(static_cast<std::int32_t>(row));
  }
  return result;
}

}  // namespace apps
