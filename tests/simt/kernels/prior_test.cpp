#include "tests/cases/prior.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda draw_prior: the definition's rows") {
  tests::run_on_cuda(tests::draw_prior_cases(), kernels::cuda::draw_prior);
}

TEST_CASE("cuda normal_quantiles: the definition's quantiles") {
  tests::run_on_cuda(tests::normal_quantiles_cases(), kernels::cuda::normal_quantiles);
}
