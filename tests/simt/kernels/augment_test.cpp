#include "tests/cases/augment.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda augment: the definition's views") {
  tests::run_on_cuda(tests::augment_cases(), kernels::cuda::augment);
}
