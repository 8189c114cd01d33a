#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace apps {

/// Which cluster each row belongs to.
struct Assignment {
  std::vector<std::int32_t> labels = {};
  std::vector<double> distances = {};    ///< of each row from its centre, squared
  std::vector<std::int64_t> sizes = {};  ///< of each cluster

  /// Gives each cluster without rows one: the farthest from its centre, of a cluster that keeps others. `lies_on(row,
  /// label)`: whether a row is where that centre is; then there are more clusters than different rows, and it stays.
  void fill_empty_clusters(const std::function<bool(std::size_t row, std::int32_t label)>& lies_on);
};

}  // namespace apps
