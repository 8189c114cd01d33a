#include "tests/cases/selective_kernel.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda stream_pool_forward: the definition's means of the sum of the streams") {
  tests::run_on_cuda(tests::stream_pool_forward_cases(), kernels::cuda::stream_pool_forward);
}

TEST_CASE("cuda stream_pool_backward: the definition's gradient") {
  tests::run_on_cuda(tests::stream_pool_backward_cases(), kernels::cuda::stream_pool_backward);
}

TEST_CASE("cuda stream_merge_forward: the definition's weighted sum") {
  tests::run_on_cuda(tests::stream_merge_forward_cases(), kernels::cuda::stream_merge_forward);
}

TEST_CASE("cuda stream_merge_backward: the definition's gradients, each of which may be unwanted") {
  tests::run_on_cuda(tests::stream_merge_backward_cases(), kernels::cuda::stream_merge_backward);
}
