#include "tests/cases/gaussian_latent.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda gaussian_latent_forward: the definition's samples and divergence") {
  tests::run_on_cuda(tests::gaussian_latent_forward_cases(), kernels::cuda::gaussian_latent_forward);
}

TEST_CASE("cuda gaussian_latent_backward: the definition's gradients, all or some of them") {
  tests::run_on_cuda(tests::gaussian_latent_backward_cases(), kernels::cuda::gaussian_latent_backward);
}
