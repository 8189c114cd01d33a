#include "kernels/moving_average.h"

#include <doctest/doctest.h>

#include "tests/cases/moving_average.h"
#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda moving_average: an average moves towards the values by the momentum of the step") {
  tests::run_on_cuda(tests::moving_average_cases(), kernels::cuda::moving_average);
}
