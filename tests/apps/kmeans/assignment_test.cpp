#include "apps/kmeans/assignment.h"

#include <doctest/doctest.h>

using apps::Assignment;

TEST_CASE("assignment: an empty cluster takes the farthest row of a cluster that keeps others") {
  // Row 4 is the farthest, but alone; then come rows 1 and 2.
  Assignment rows{.labels = {0, 0, 0, 0, 2}, .distances = {1, 5, 4, 0, 9}, .sizes = {4, 0, 1, 0}};
  std::vector<std::size_t> asked;
  rows.fill_empty_clusters([&](std::size_t row, std::int32_t label) {
    CHECK(label == 0);
    asked.push_back(row);
    return false;
  });
  CHECK(asked == std::vector<std::size_t>{1, 2});
  CHECK(rows.labels == std::vector<std::int32_t>{0, 1, 3, 0, 2});
  CHECK(rows.distances == std::vector<double>{1, 0, 0, 0, 9});
  CHECK(rows.sizes == std::vector<std::int64_t>{2, 1, 1, 1});
}

TEST_CASE("assignment: it stays empty if all rows lie on their centres, or if no cluster has two") {
  Assignment same{.labels = {0, 0, 1}, .distances = {1e-12, 0, 0}, .sizes = {2, 1, 0}};
  same.fill_empty_clusters([](std::size_t row, std::int32_t) { return row == 0; });
  CHECK(same.labels == std::vector<std::int32_t>{0, 0, 1});
  CHECK(same.sizes == std::vector<std::int64_t>{2, 1, 0});

  Assignment single{.labels = {0, 1}, .distances = {3, 4}, .sizes = {1, 1, 0}};
  single.fill_empty_clusters([](std::size_t, std::int32_t) { return false; });
  CHECK(single.sizes == std::vector<std::int64_t>{1, 1, 0});
}
