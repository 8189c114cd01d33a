#include "apps/evaluation/partition.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"

using apps::Partition;

TEST_CASE("partition: equal keys are a part, numbered by ascending key") {
  const Partition parts = Partition::of({7, INT64_MIN, 7, -1, INT64_MIN});
  CHECK(parts.parts == 3);
  CHECK(parts.rows() == 5);
  CHECK(parts.part_of_row == std::vector<std::int32_t>{2, 0, 2, 1, 0});
  CHECK(parts.members() == std::vector<std::vector<std::int32_t>>{{1, 4}, {3}, {0, 2}});
}

TEST_CASE("partition: rows are together in common if they are in both") {
  const Partition one = Partition::of({0, 0, 1, 1, 0}), other = Partition::of({5, 6, 5, 5, 5});
  CHECK(Partition::common(one, other).part_of_row == std::vector<std::int32_t>{0, 1, 2, 2, 0});
  CHECK(Partition::common(one, other).parts == 3);
  CHECK_THROWS_AS(Partition::common(one, Partition::of({1})), engine::Error);
}
