#include "tests/cases/visreg.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda visreg_standardize: the definition's statistics, terms and rows") {
  tests::run_on_cuda(tests::visreg_standardize_cases(), kernels::cuda::visreg_standardize);
}

TEST_CASE("cuda visreg_gradient: the definition's gradient") {
  tests::run_on_cuda(tests::visreg_gradient_cases(), kernels::cuda::visreg_gradient);
}
