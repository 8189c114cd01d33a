#include "tests/cases/unit_directions.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda unit_directions: the definition's directions") {
  tests::run_on_cuda(tests::unit_directions_cases(), kernels::cuda::unit_directions);
}
