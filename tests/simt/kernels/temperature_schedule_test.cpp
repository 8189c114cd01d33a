#include "kernels/temperature_schedule.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"
#include "tests/cases/temperature_schedule.h"

TEST_CASE("cuda temperature_schedule: a cosine from high to low and back in a period") {
  tests::run_on_cuda(tests::temperature_schedule_cases(), kernels::cuda::temperature_schedule);
}
