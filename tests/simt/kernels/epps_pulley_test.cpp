#include "tests/cases/epps_pulley.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda epps_pulley: the definition's statistic and gradient, for any contents") {
  tests::run_on_cuda(tests::epps_pulley_cases(), kernels::cuda::epps_pulley);
}
