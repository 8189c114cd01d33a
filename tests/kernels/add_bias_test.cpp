#include "tests/cases/add_bias.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cpu.h"

TEST_CASE("add_bias kernel: each channel's bias is added to each row, in place") {
  tests::run_on_cpu(tests::add_bias_cases(), kernels::add_bias);
}
