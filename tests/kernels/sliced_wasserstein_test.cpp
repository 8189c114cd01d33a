#include "kernels/sliced_wasserstein.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/context.h"
#include "tests/cases/run_on_cpu.h"
#include "tests/cases/sliced_wasserstein.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;

TEST_CASE("sliced_wasserstein kernel: the definition's loss and gradient, for any contents") {
  tests::run_on_cpu(tests::sliced_wasserstein_cases(), kernels::sliced_wasserstein);
  tests::run_on_cpu(tests::long_sliced_wasserstein_cases(), kernels::sliced_wasserstein);
}

TEST_CASE("sliced_wasserstein kernel: a NaN on either side makes the loss NaN") {
  const Context context = kernels::make_context({.device = {}, .threads = 1});
  for (const std::int64_t n : {1, 40, 20000}) {
    CAPTURE(n);
    for (const bool in_prior : {false, true}) {
      for (const float nan : {NAN, -NAN}) {
        std::vector<float> values = tests::random_values(n, 1);
        values.back() = nan;
        const Tensor broken = Tensor::from(context, {1, n}, values), whole = tests::random_tensor(context, {1, n}, 2);
        const Tensor loss = Tensor::empty(context, {}), gradient = Tensor::empty(context, {1, n});
        kernels::sliced_wasserstein(context, {.projections = in_prior ? whole : broken,
                                              .prior = in_prior ? broken : whole,
                                              .factor = 1,
                                              .loss = loss,
                                              .gradient = gradient});
        CHECK(std::isnan(loss.item()));
      }
    }
  }
}

TEST_CASE("sliced_wasserstein kernel: what does not match is one sentence") {
  const Context context = kernels::make_context();
  const Tensor projections = Tensor::zeros(context, {2, 5}), loss = Tensor::zeros(context, {});
  const auto refusal = [&](const Tensor& prior, const Tensor& gradient) {
    kernels::sliced_wasserstein(
        context,
        {.projections = projections, .prior = prior, .factor = 1, .loss = loss, .gradient = engine::View(gradient)});
  };
  CHECK_THROWS_WITH_AS(refusal(Tensor::zeros(context, {2, 4}), projections),
                       "sliced_wasserstein: projections must be f32 [k,N] and prior f32 [k,N] or ascending [N], got "
                       "projections f32 [2,5] and prior f32 [2,4]",
                       engine::Error);
  CHECK_THROWS_AS(refusal(Tensor::zeros(context, {4}), projections), engine::Error);
  CHECK_THROWS_WITH_AS(refusal(Tensor::zeros(context, {5}), Tensor::zeros(context, {5, 2})),
                       "sliced_wasserstein: gradient must be f32 [2,5] like projections, got f32 [5,2]", engine::Error);
}
