#include "kernels/similarity.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/context.h"
#include "tests/cases/run_on_cpu.h"
#include "tests/cases/similarity.h"

using engine::Context;
using engine::Tensor;
using kernels::Candidates;
using kernels::Similarities;
using kernels::SimilarityContents;
using kernels::SimilarityExample;

namespace {

/// A forward and a backward pass in the same memory.
struct Passes {
  explicit Passes(const SimilarityExample& example, int threads = 2)
      : context(kernels::make_context({.device = {}, .threads = threads})) {
    const SimilarityContents rows{.u = tests::similar_rows(example.n, example.d)};
    const auto backward_case = similarity_backward_case(example, rows);
    for (const tests::CaseBuffer& buffer : backward_case.buffers) tensors.push_back(tests::guarded(context, buffer));
    const std::vector<engine::View> on(tensors.begin(), tensors.end());
    forward = similarity_forward_case(example, rows).arguments(on);
    backward = backward_case.arguments(on);
  }

  void run() const {
    kernels::similarity_forward(context, forward);
    kernels::similarity_backward(context, backward);
  }

  /// All but what is kept from the first pass for the second.
  tests::CaseValues results() const {
    run();
    tests::CaseValues values;
    for (const tests::GuardedTensor& tensor : tensors) values.push_back(tests::doubles_of(tensor.checked()));
    values[kernels::kKept].clear();
    return values;
  }

  Context context;
  std::vector<tests::GuardedTensor> tensors;
  kernels::SimilarityForward forward;
  kernels::SimilarityBackward backward;
};

}  // namespace

TEST_CASE("similarity: the definition's sums and gradients, for any rows, candidates and rules") {
  const tests::SimilarityCases cases = tests::similarity_cases();
  tests::run_on_cpu(cases.forward, kernels::similarity_forward);
  tests::run_on_cpu(cases.backward, kernels::similarity_backward);
}

TEST_CASE("similarity: the definition's sums and gradients of many rows") {
  const tests::SimilarityCases cases = tests::large_similarity_cases();
  tests::run_on_cpu(cases.forward, kernels::similarity_forward);
  tests::run_on_cpu(cases.backward, kernels::similarity_backward);
}

TEST_CASE("similarity: without other candidates there is no loss and no gradient") {
  for (const Candidates candidates : {Candidates::others, Candidates::other_view}) {
    for (const float temperature : {0.1f, 0.001f}) {
      const auto results = Passes({.n = 1, .d = 3, .candidates = candidates, .temperature = temperature}).results();
      CHECK(results[kernels::kSums][kernels::kContrastLoss] == 0);
      for (const double du : results[kernels::kDu]) CHECK(du == 0);
    }
  }
}

TEST_CASE("similarity: bit-equal for any number of threads") {
  for (const float temperature : {0.2f, 0.01f}) {
    const SimilarityExample example{.n = 301, .d = 40, .temperature = temperature};
    const tests::CaseValues once = Passes(example, 2).results();
    CHECK(once == Passes(example, 1).results());
    CHECK(once == Passes(example, 5).results());
  }
}

TEST_CASE("similarity: what the forward pass keeps for the backward pass changes no bit, however much it is") {
  for (const Candidates candidates : {Candidates::others, Candidates::other_view}) {
    for (const float temperature : {0.1f, 0.01f}) {  // the second keeps nothing: exp of a similarity may overflow
      SimilarityExample example{.n = 200, .d = 24, .candidates = candidates, .temperature = temperature};
      const tests::CaseValues nothing_kept = Passes(example).results();
      for (const std::int64_t floats : {1, 20'000, 100'000, 1'000'000}) {
        example.kept = floats;
        CHECK(nothing_kept == Passes(example).results());
      }
    }
  }
}

TEST_CASE("similarity_kept: the exponentials of all pairs, up to a bound") {
  const Context context = kernels::make_context();
  const auto kept = [&](std::int64_t n) {
    const engine::ConstView view{nullptr, engine::Dtype::f32, {n, 128}};
    return kernels::similarity_kept(
        context, {.view1 = view, .view2 = view, .temperature = {1}, .candidates = Candidates::others});
  };
  CHECK(kept(3) == 36);
  CHECK(kept(1'000) == 4'000'000);
  CHECK(kept(1'000'000) == 1 << 22);
}

TEST_CASE("similarity: a row that is not a number reaches the loss") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  for (const Candidates candidates : {Candidates::others, Candidates::other_view, Candidates::queue}) {
    for (const float temperature : {0.1f, 0.01f}) {
      SimilarityContents rows{.u = tests::similar_rows(100, 8), .queue = tests::similar_rows(60, 8)};
      (candidates == Candidates::queue ? rows.queue[101 * 8] : rows.u[150 * 8 + 3]) = NAN;
      const auto each = similarity_forward_case(
          {.n = 100, .d = 8, .candidates = candidates, .queue_rows = 120, .temperature = temperature}, rows);
      const tests::CaseValues results = tests::results_on(context, each, kernels::similarity_forward);
      CHECK(std::isnan(results[kernels::kSums][kernels::kContrastLoss]));
      if (candidates != Candidates::queue) CHECK(results[kernels::kCorrect][50] == 0);
    }
  }
}

TEST_CASE("similarity: memory grows with n d, not n^2") {
  const Passes passes({.n = 8192, .d = 128});
  engine::Pool& pool = passes.context.pool();
  const std::size_t before = pool.used_bytes();
  pool.reset_peak();
  passes.run();
  CHECK(pool.used_bytes() == before);
  const double extra_mib = static_cast<double>(pool.peak_bytes() - before) / (1 << 20);
  MESSAGE("16384 rows of 128: ", extra_mib, " MiB; their similarities would be 1024 MiB");
  CHECK(extra_mib < 32);
}

TEST_CASE("similarity: cost counts each similarity once and each anchor's weighted sum") {
  const Context context = kernels::make_context();
  const Tensor u = Tensor::zeros(context, {3, 10});
  Similarities pairs{.view1 = u, .view2 = u, .temperature = {1}, .candidates = Candidates::others};
  CHECK(pairs.similarity_operations(3) == 2 * 10 * 15);  // 6 rows: 15 pairs
  CHECK(pairs.gradient_operations(3) == 2 * 10 * 30);
  CHECK(pairs.similarity_operations(1) == 2 * 10 * 9);  // 2 anchors: 1 pair between them, 8 with others
  pairs.candidates = Candidates::all;                   // each row also meets itself
  CHECK(pairs.similarity_operations(3) == 2 * 10 * 21);
  CHECK(pairs.gradient_operations(3) == 2 * 10 * 36);
  CHECK(pairs.similarity_operations(1) == 2 * 10 * 11);
  pairs.queue = Tensor::zeros(context, {7, 10});
  pairs.candidates = Candidates::queue;
  CHECK(pairs.similarity_operations(3) == 2 * 10 * 24);
  CHECK(pairs.gradient_operations(2) == 2 * 10 * 16);
  pairs.queue = {};
  pairs.candidates = Candidates::other_view;
  CHECK(pairs.similarity_operations(3) == 2 * 10 * 9);
  CHECK(pairs.gradient_operations(3) == 2 * 10 * 18);
  CHECK(pairs.similarity_operations(1) == 2 * 10 * 5);
  const kernels::SimilarityBackward backward{.s = pairs,
                                             .lse = Tensor::zeros(context, {2, 3}),
                                             .attraction = Tensor::zeros(context, {3}),
                                             .dloss = {},
                                             .dview1 = {u},
                                             .dview2 = {u}};
  CHECK(backward.cost().bytes == (4 * 30 + 6 + 3) * 4);
  CHECK(backward.cost().operations == 2 * 10 * 27);
}
