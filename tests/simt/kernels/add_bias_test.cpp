#include "tests/cases/add_bias.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda add_bias: each channel's bias is added to each row, in place") {
  tests::run_on_cuda(tests::add_bias_cases(), kernels::cuda::add_bias);
}
