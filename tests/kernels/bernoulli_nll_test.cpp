#include "tests/cases/bernoulli_nll.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cpu.h"

TEST_CASE("bernoulli_nll_forward kernel: the definition's loss in nats per image") {
  tests::run_on_cpu(tests::bernoulli_nll_forward_cases(), kernels::bernoulli_nll_forward);
}

TEST_CASE("bernoulli_nll_backward kernel: the definition's gradient") {
  tests::run_on_cpu(tests::bernoulli_nll_backward_cases(), kernels::bernoulli_nll_backward);
}
