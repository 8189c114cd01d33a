#include "tests/cases/visreg.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cpu.h"

TEST_CASE("visreg_standardize kernel: the definition's statistics, terms and rows") {
  tests::run_on_cpu(tests::visreg_standardize_cases(), kernels::visreg_standardize);
}

TEST_CASE("visreg_gradient kernel: the definition's gradient") {
  tests::run_on_cpu(tests::visreg_gradient_cases(), kernels::visreg_gradient);
}
