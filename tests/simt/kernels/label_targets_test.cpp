#include "kernels/label_targets.h"

#include <doctest/doctest.h>

#include "tests/cases/label_targets.h"
#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda label_targets: a row's labels become shares or indicators of the classes") {
  tests::run_on_cuda(tests::label_targets_cases(), kernels::cuda::label_targets);
}
