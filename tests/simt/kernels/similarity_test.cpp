#include "tests/cases/similarity.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/cases/run_on_cuda.h"

using namespace kernels;

TEST_CASE("cuda similarity_kept: nothing, for an exponential is computed in less time than it is fetched") {
  const engine::ConstView view{nullptr, Dtype::f32, {1000, 128}};
  CHECK(cuda::similarity_kept({.view1 = view, .view2 = view, .temperature = {1}, .candidates = Candidates::others}) ==
        0);
}

TEST_CASE("cuda similarity: the definition's sums and gradients, for any rows, candidates and rules") {
  const auto run = [](const tests::SimilarityCases& cases) {
    tests::run_on_cuda(cases.forward, cuda::similarity_forward);
    tests::run_on_cuda(cases.backward, cuda::similarity_backward);
  };
  run(tests::similarity_cases());
  if (ENGINE_CUDA) run(tests::large_similarity_cases());
}

TEST_CASE("cuda similarity: a NaN in one row reaches the loss") {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const Candidates candidates : {Candidates::others, Candidates::other_view, Candidates::queue}) {
      SimilarityContents rows{.u = tests::similar_rows(20, 8), .queue = tests::similar_rows(20, 8)};
      (candidates == Candidates::queue ? rows.queue : rows.u)[20 * 8 + 37] = NAN;
      const auto each =
          similarity_forward_case({.n = 20, .d = 8, .candidates = candidates, .queue_rows = 40, .dtype = dtype}, rows);
      CHECK(std::isnan(tests::results_in_cuda(each, cuda::similarity_forward)[kSums][kContrastLoss]));
    }
  }
}
