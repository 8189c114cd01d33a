#include "tests/cases/gaussian_latent.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cpu.h"

TEST_CASE("gaussian_latent_forward kernel: the definition's samples and divergence") {
  tests::run_on_cpu(tests::gaussian_latent_forward_cases(), kernels::gaussian_latent_forward);
}

TEST_CASE("gaussian_latent_backward kernel: the definition's gradients, all or some of them") {
  tests::run_on_cpu(tests::gaussian_latent_backward_cases(), kernels::gaussian_latent_backward);
}
