#include "tests/cases/directions.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda draw_directions: the definition's directions, in registers and in global memory") {
  tests::run_on_cuda(tests::draw_directions_cases(), kernels::cuda::draw_directions);
}
