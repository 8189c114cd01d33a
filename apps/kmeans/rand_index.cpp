#include "apps/kmeans/rand_index.h"

#include <vector>

namespace apps {
namespace {

/// The ordered pairs of different rows that are in one part.
double pairs_within(const Partition& partition) {
  double pairs = 0;
  for (const std::vector<std::int32_t>& part : partition.members()) {
    const auto size = static_cast<double>(part.size());
    pairs += size * (size - 1);
  }
  return pairs;
}

}  // namespace

double adjusted_rand_index(const Partition& one, const Partition& other) {
  const auto size = static_cast<double>(one.rows());
  const double all = size * (size - 1), in_one = pairs_within(one), in_other = pairs_within(other);
  const double in_both = pairs_within(Partition::common(one, other));
  if (in_both == in_one && in_both == in_other) return 1;  // the same; also where all rows are one part, or alone
  const double expected = in_one * in_other / all;
  return (in_both - expected) / ((in_one + in_other) / 2 - expected);
}

}  // namespace apps
