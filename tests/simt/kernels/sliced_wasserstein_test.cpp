#include "kernels/sliced_wasserstein.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/cases/run_on_cuda.h"
#include "tests/cases/sliced_wasserstein.h"
#include "tests/numeric.h"

using namespace kernels;
using tests::Twin;

TEST_CASE("cuda sliced_wasserstein: the definition's loss and gradient, for any contents") {
  tests::run_on_cuda(tests::sliced_wasserstein_cases(), cuda::sliced_wasserstein);
  if (ENGINE_CUDA) tests::run_on_cuda(tests::long_sliced_wasserstein_cases(), cuda::sliced_wasserstein);
}

TEST_CASE("cuda sliced_wasserstein: a NaN on either side makes the loss NaN") {
  for (const std::int64_t n : {1, 40, ENGINE_CUDA ? 20000 : 300}) {
    CAPTURE(n);
    for (const bool in_prior : {false, true}) {
      for (const float nan : {NAN, -NAN}) {
        std::vector<float> values = tests::random_values(n, 1);
        values.back() = nan;
        const Twin broken({1, n}, values), whole({1, n}, tests::random_values(n, 2)), loss({}), gradient({1, n});
        tests::with_contexts([&](const engine::Context&, const engine::Context& context) {
          cuda::sliced_wasserstein(context, {.projections = (in_prior ? whole : broken).cuda(),
                                             .prior = (in_prior ? broken : whole).cuda(),
                                             .factor = 1,
                                             .loss = loss.cuda(),
                                             .gradient = gradient.cuda()});
        });
        CHECK(std::isnan(loss.from_cuda()[0]));
      }
    }
  }
}
