#include "kernels/moving_average.h"

#include <doctest/doctest.h>

#include "tests/cases/moving_average.h"
#include "tests/cases/run_on_cpu.h"

TEST_CASE("moving_average: an average moves towards the values by the momentum of the step") {
  tests::run_on_cpu(tests::moving_average_cases(), kernels::moving_average);
}
