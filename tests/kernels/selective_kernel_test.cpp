#include "tests/cases/selective_kernel.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cpu.h"

TEST_CASE("stream_pool_forward kernel: the definition's means of the sum of the streams") {
  tests::run_on_cpu(tests::stream_pool_forward_cases(), kernels::stream_pool_forward);
}

TEST_CASE("stream_pool_backward kernel: the definition's gradient") {
  tests::run_on_cpu(tests::stream_pool_backward_cases(), kernels::stream_pool_backward);
}

TEST_CASE("stream_merge_forward kernel: the definition's weighted sum") {
  tests::run_on_cpu(tests::stream_merge_forward_cases(), kernels::stream_merge_forward);
}

TEST_CASE("stream_merge_backward kernel: the definition's gradients, each of which may be unwanted") {
  tests::run_on_cpu(tests::stream_merge_backward_cases(), kernels::stream_merge_backward);
}
