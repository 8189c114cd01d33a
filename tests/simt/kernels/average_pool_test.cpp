#include "tests/cases/average_pool.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda average_pool_forward: the definition's means") {
  tests::run_on_cuda(tests::average_pool_forward_cases(), kernels::cuda::average_pool_forward);
}

TEST_CASE("cuda average_pool_backward: the definition's gradient") {
  tests::run_on_cuda(tests::average_pool_backward_cases(), kernels::cuda::average_pool_backward);
}
