#include "tests/cases/epps_pulley.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cpu.h"

TEST_CASE("epps_pulley kernel: the definition's statistic and gradient, for any contents") {
  tests::run_on_cpu(tests::epps_pulley_cases(), kernels::epps_pulley);
}
