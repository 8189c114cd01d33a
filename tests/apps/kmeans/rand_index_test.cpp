#include "apps/kmeans/rand_index.h"

#include <doctest/doctest.h>

using apps::adjusted_rand_index;
using apps::Partition;

namespace {

double index_of(const std::vector<std::int64_t>& one, const std::vector<std::int64_t>& other) {
  const double index = adjusted_rand_index(Partition::of(one), Partition::of(other));
  CHECK(adjusted_rand_index(Partition::of(other), Partition::of(one)) == doctest::Approx(index));
  return index;
}

}  // namespace

TEST_CASE("adjusted Rand index: 1 for the same partition under other names") {
  CHECK(index_of({0, 0, 1, 1, 2}, {7, 7, 3, 3, -1}) == 1);
  CHECK(index_of({4, 4, 4}, {1, 1, 1}) == 1);
  CHECK(index_of({1, 2, 3}, {6, 5, 4}) == 1);
  CHECK(index_of({1}, {5}) == 1);
}

TEST_CASE("adjusted Rand index: hand-worked values") {
  // Pairs: 3 in one, 1 in the other, 1 in both, of 6; expected 3 * 1 / 6. (1 - 1/2) / ((3 + 1) / 2 - 1/2) = 1/3.
  CHECK(index_of({0, 0, 0, 1}, {0, 0, 1, 2}) == doctest::Approx(1.0 / 3));
  CHECK(index_of({0, 0, 1, 1}, {0, 0, 1, 2}) == doctest::Approx(0.5714285714285714));  // scikit-learn's manual
  CHECK(index_of({0, 0, 0, 0}, {0, 1, 2, 3}) == doctest::Approx(0));
  CHECK(index_of({0, 0, 1, 1}, {0, 1, 0, 1}) == doctest::Approx(-0.5));
}
