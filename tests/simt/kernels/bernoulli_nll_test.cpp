#include "tests/cases/bernoulli_nll.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda bernoulli_nll_forward: the definition's loss in nats per image") {
  tests::run_on_cuda(tests::bernoulli_nll_forward_cases(), kernels::cuda::bernoulli_nll_forward);
}

TEST_CASE("cuda bernoulli_nll_backward: the definition's gradient") {
  tests::run_on_cuda(tests::bernoulli_nll_backward_cases(), kernels::cuda::bernoulli_nll_backward);
}
