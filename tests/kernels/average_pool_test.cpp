#include "tests/cases/average_pool.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cpu.h"

TEST_CASE("average_pool_forward kernel: the definition's means") {
  tests::run_on_cpu(tests::average_pool_forward_cases(), kernels::average_pool_forward);
}

TEST_CASE("average_pool_backward kernel: the definition's gradient") {
  tests::run_on_cpu(tests::average_pool_backward_cases(), kernels::average_pool_backward);
}
