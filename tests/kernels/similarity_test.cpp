#include "kernels/similarity.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/context.h"
#include "tests/guarded_tensor.h"
#include "tests/kernels/similarity_reference.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;
using engine::View;
using kernels::Candidates;
using kernels::Similarities;

namespace {

/// Unit rows, view 1 above view 2. Both views of an example are similar, so that some anchors find their positive.
std::vector<float> unit_rows(std::int64_t n, std::int64_t d, float scale = 1) {
  std::vector<float> u = tests::random_values(2 * n * d, 7);
  for (std::int64_t i = n * d; i < 2 * n * d; ++i) {
    u[static_cast<std::size_t>(i)] = 0.5f * u[static_cast<std::size_t>(i)] + u[static_cast<std::size_t>(i - n * d)];
  }
  for (std::int64_t i = 0; i < 2 * n; ++i) {
    float* row = u.data() + i * d;
    double squared = 0;
    for (std::int64_t k = 0; k < d; ++k) squared += static_cast<double>(row[k]) * row[k];
    for (std::int64_t k = 0; k < d; ++k) row[k] = static_cast<float>(scale * row[k] / std::sqrt(squared));
  }
  return u;
}

constexpr Candidates kOfPairs[] = {Candidates::others, Candidates::other_view};

struct Result {
  std::vector<float> lse, positive, attraction, correct, sums, dview1, dview2;
  bool operator==(const Result&) const = default;
};

struct Problem {
  std::int64_t n, d;
  float temperature = 0.1f;
  Candidates candidates = Candidates::others;
  std::vector<float> u = unit_rows(n, d);

  tests::ContrastReference reference() const { return {u, n, d, temperature, candidates == Candidates::others}; }
  /// More rows than a block, for Candidates::queue.
  static constexpr std::int64_t kQueueRows = 230;
};

struct Options {
  int threads = 2;
  std::int64_t first = 0, count = -1;  ///< anchors; -1: all of them
  float dloss = 1;
  const std::vector<float>* lse = nullptr;  ///< of all rows, when only some are anchors
  std::int64_t kept = 0;                    ///< floats that the forward pass may leave for the backward pass
};

Result run(const Problem& p, const Options& options = {}) {
  const Context context = kernels::make_context({.device = {}, .threads = options.threads});
  const std::int64_t m = options.count < 0 ? p.n : options.count;
  const Tensor u = Tensor::from<float>(context, {2 * p.n, p.d}, p.u);
  const Tensor queue = Tensor::from<float>(context, {p.kQueueRows, p.d}, unit_rows(p.kQueueRows / 2, p.d));
  Similarities pairs{.view1 = u.narrow(0, p.n),
                     .view2 = u.narrow(p.n, p.n),
                     .temperature = {p.temperature},
                     .candidates = p.candidates,
                     .first_anchor = options.first};
  if (pairs.of_queue()) pairs.queue = queue;
  const std::int64_t views = pairs.anchor_views();
  const Tensor lse = Tensor::empty(context, {views, m}), positive = Tensor::empty(context, {m});
  const Tensor attraction = Tensor::empty(context, {m}), correct = Tensor::empty(context, {m});
  const Tensor sums = Tensor::empty(context, {4});
  const tests::GuardedTensor kept(context, {options.kept});
  kernels::similarity_forward(context, {.s = pairs,
                                        .lse = lse,
                                        .positive = positive,
                                        .attraction = attraction,
                                        .correct = correct,
                                        .sums = sums,
                                        .kept = kept});
  const Tensor dloss = Tensor::from<float>(context, engine::Shape(), std::vector{options.dloss});
  const Tensor all_lse = options.lse ? Tensor::from<float>(context, {views, p.n}, *options.lse) : lse;
  const Tensor dview1 = Tensor::empty(context, {m, p.d});
  const Tensor dview2 = pairs.of_queue() ? Tensor() : Tensor::empty(context, {m, p.d});
  kernels::similarity_backward(context, {.s = pairs,
                                         .lse = all_lse,
                                         .attraction = attraction,
                                         .dloss = dloss,
                                         .kept = kept.checked(),
                                         .dview1 = {dview1},
                                         .dview2 = {View(dview2)}});
  return {lse.to_host<float>(),
          positive.to_host<float>(),
          attraction.to_host<float>(),
          correct.to_host<float>(),
          sums.to_host<float>(),
          dview1.to_host<float>(),
          dview2 ? dview2.to_host<float>() : std::vector<float>()};
}

/// The error of a similarity in f32 is up to a few ulp of its largest value, `range`; likewise for lse and the log of
/// each p.
double tolerance(double range) { return 1e-6 + 2e-7 * range; }

/// For rows of `length` whose similarities are within `range`.
void check(const Problem& p, double range, double length = 1) {
  CAPTURE(p.n);
  CAPTURE(p.d);
  CAPTURE(p.temperature);
  CAPTURE(static_cast<int>(p.candidates));
  const Result actual = run(p);
  const tests::ContrastReference expected = p.reference();
  tests::expect_close(actual.lse, expected.lse, tolerance(range));
  tests::expect_close(actual.positive, expected.positive, tolerance(range));
  tests::expect_close(actual.attraction, expected.attraction, 2 * tolerance(range));
  CHECK(std::vector<double>(actual.correct.begin(), actual.correct.end()) == expected.correct);
  tests::expect_close(actual.sums, expected.sums, 2 * tolerance(range));
  // An error of the logits is a relative error of p of the same size; an anchor's p_ik + p_ki sum to a few at most.
  const double gradient_tolerance = 4 * tolerance(range) * length / (static_cast<double>(p.n) * p.temperature);
  tests::expect_close(actual.dview1, expected.dview1, gradient_tolerance);
  tests::expect_close(actual.dview2, expected.dview2, gradient_tolerance);
}

template <class T>
std::vector<T> joined(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

}  // namespace

TEST_CASE("similarity: forward and gradient match the formulas in double for odd shapes") {
  for (const std::int64_t n : {1, 2, 3, 7, 64, 65, 97, 257}) {
    for (const std::int64_t d : {1, 3, 64, 128, 130}) {
      for (const Candidates candidates : kOfPairs) {
        check({.n = n, .d = d, .temperature = 0.1f, .candidates = candidates}, 10);
      }
    }
  }
}

TEST_CASE("similarity: every temperature, and rows of any length, without overflow") {
  for (const Candidates candidates : kOfPairs) {
    for (const float temperature : {0.01f, 0.02f, 0.05f, 0.5f, 1.0f, 10.0f}) {
      check({.n = 131, .d = 20, .temperature = temperature, .candidates = candidates}, 1 / temperature);
    }
    // Similarities up to 18000: f32 exp would overflow at 89, and most differences underflow.
    check({.n = 131, .d = 20, .temperature = 0.05f, .candidates = candidates, .u = unit_rows(131, 20, 30)}, 18000, 30);
  }
}

TEST_CASE("similarity: gradient and loss keep their digits where every anchor is sure of its positive") {
  for (const Candidates candidates : kOfPairs) {
    for (const float temperature : {0.01f, 0.02f, 0.03f, 0.1f, 0.5f}) {
      CAPTURE(static_cast<int>(candidates));
      CAPTURE(temperature);
      const Problem p{.n = 130, .d = 128, .temperature = temperature, .candidates = candidates};
      const tests::ContrastReference expected = p.reference();
      for (const std::int64_t kept : {0, 1'000'000}) {
        const Result actual = run(p, {.kept = kept});
        CHECK(tests::relative_error(actual.dview1, expected.dview1) <= 1e-4);
        CHECK(tests::relative_error(actual.dview2, expected.dview2) <= 1e-4);
        CHECK(tests::relative_error(actual.attraction, expected.attraction) <= 1e-4);
        CHECK(tests::relative_error({actual.sums[kernels::kContrastLoss]}, {expected.sums[kernels::kContrastLoss]}) <=
              1e-4);
      }
      if (temperature == 0.01f) CHECK(expected.sums[kernels::kContrastLoss] < 1e-12);
    }
  }
}

TEST_CASE("similarity: without other candidates there is no loss and no gradient") {
  for (const Candidates candidates : kOfPairs) {
    for (const float temperature : {0.1f, 0.001f}) {
      const Result result = run({.n = 1, .d = 3, .temperature = temperature, .candidates = candidates});
      CHECK(result.sums[kernels::kContrastLoss] == 0);
      for (const float du : joined(result.dview1, result.dview2)) CHECK(du == 0);
    }
  }
}

TEST_CASE("similarity: a tie counts as the lowest index") {
  // Both views of all three examples are the same row: every anchor's argmax is row 0.
  const Problem p{.n = 3, .d = 2, .u = std::vector<float>{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0}};
  CHECK(run(p).correct == std::vector<float>{1, 0, 0});
  CHECK(run(p).sums[kernels::kContrastLoss] == doctest::Approx(2 * std::log(5.0)));
}

TEST_CASE("similarity: bit-equal when repeated and for any number of threads") {
  for (const float temperature : {0.2f, 0.01f}) {
    const Problem p{.n = 301, .d = 40, .temperature = temperature};
    const Result once = run(p, {.threads = 2});
    CHECK(once == run(p, {.threads = 2}));
    CHECK(once == run(p, {.threads = 1}));
    CHECK(once == run(p, {.threads = 5}));
  }
}

TEST_CASE("similarity: what the forward pass keeps for the backward pass changes no bit, however much it is") {
  for (const Candidates candidates : kOfPairs) {
    for (const float temperature : {0.1f, 0.01f}) {  // the second keeps nothing: exp of a similarity may overflow
      const Problem p{.n = 200, .d = 24, .temperature = temperature, .candidates = candidates};
      const Result nothing_kept = run(p);
      for (const std::int64_t floats : {1, 20'000, 100'000, 1'000'000}) {
        CHECK(nothing_kept == run(p, {.kept = floats}));
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

TEST_CASE("similarity: anchors split over two calls give what one call gives") {
  for (const Candidates candidates : {Candidates::others, Candidates::other_view, Candidates::all, Candidates::queue}) {
    CAPTURE(static_cast<int>(candidates));
    const Problem p{.n = 150, .d = 24, .candidates = candidates};
    const Result whole = run(p);
    const std::int64_t cut = 49;
    const Result a = run(p, {.first = 0, .count = cut, .lse = &whole.lse});
    const Result b = run(p, {.first = cut, .count = p.n - cut, .lse = &whole.lse});

    const auto as_double = [](const std::vector<float>& values) {
      return std::vector<double>(values.begin(), values.end());
    };
    const auto view = [](const Result& r, int i) {
      const auto m = static_cast<std::ptrdiff_t>(r.positive.size());
      return std::vector<float>(r.lse.begin() + i * m, r.lse.begin() + (i + 1) * m);
    };
    for (const int i : {0, 1}) {
      if (i == 1 && candidates == Candidates::queue) continue;  // only view 1 has anchors
      tests::expect_close(joined(view(a, i), view(b, i)), as_double(view(whole, i)), 1e-6);
    }
    tests::expect_close(joined(a.positive, b.positive), as_double(whole.positive), 1e-6);
    CHECK(joined(a.correct, b.correct) == whole.correct);
    tests::expect_close(joined(a.dview1, b.dview1), as_double(whole.dview1), 1e-6);
    tests::expect_close(joined(a.dview2, b.dview2), as_double(whole.dview2), 1e-6);
    for (std::size_t i = 0; i < 4; ++i) CHECK(a.sums[i] + b.sums[i] == doctest::Approx(whole.sums[i]).epsilon(1e-6));
  }
}

TEST_CASE("similarity: the gradient is scaled by dloss, adds where asked to, and outputs stay inside their bounds") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  const Problem p{.n = 67, .d = 5};
  const Result expected = run(p, {.dloss = -2.5f});
  const std::vector<float> plain = run(p).dview1;
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(expected.dview1[i] == doctest::Approx(-2.5f * plain[i]));

  const std::int64_t guard = 32;
  const float sentinel = 12345;
  struct Guarded {
    Tensor buffer, inside;
  };
  const auto guarded = [&](engine::Shape shape, float value) {
    const std::int64_t count = shape.elements();
    std::vector<float> values(static_cast<std::size_t>(count + 2 * guard), sentinel);
    std::fill_n(values.begin() + guard, count, value);
    const Tensor buffer = Tensor::from<float>(context, {count + 2 * guard}, values);
    return Guarded{buffer, buffer.narrow(guard, count).view_as(shape)};
  };
  const Guarded lse = guarded({2, p.n}, 0), positive = guarded({p.n}, 0), attraction = guarded({p.n}, 0);
  const Guarded correct = guarded({p.n}, 0);
  const Guarded sums = guarded({4}, 0), dview1 = guarded({p.n, p.d}, 0), dview2 = guarded({p.n, p.d}, 3);
  const Tensor u = Tensor::from<float>(context, {2 * p.n, p.d}, p.u);
  const Similarities pairs{.view1 = u.narrow(0, p.n),
                           .view2 = u.narrow(p.n, p.n),
                           .temperature = {p.temperature},
                           .candidates = Candidates::others};
  kernels::similarity_forward(context, {.s = pairs,
                                        .lse = lse.inside,
                                        .positive = positive.inside,
                                        .attraction = attraction.inside,
                                        .correct = correct.inside,
                                        .sums = sums.inside});
  kernels::similarity_backward(context, {.s = pairs,
                                         .lse = lse.inside,
                                         .attraction = attraction.inside,
                                         .dloss = Tensor::from<float>(context, engine::Shape(), std::vector{-2.5f}),
                                         .dview1 = {dview1.inside},
                                         .dview2 = {dview2.inside, true}});
  for (const Guarded* output : {&lse, &positive, &attraction, &correct, &sums, &dview1, &dview2}) {
    const std::vector<float> values = output->buffer.to_host<float>();
    for (std::size_t i = 0; i < static_cast<std::size_t>(guard); ++i) {
      CHECK(values[i] == sentinel);
      CHECK(values[values.size() - 1 - i] == sentinel);
    }
  }
  CHECK(lse.inside.to_host<float>() == expected.lse);
  CHECK(dview1.inside.to_host<float>() == expected.dview1);
  const std::vector<float> added = dview2.inside.to_host<float>();
  for (std::size_t i = 0; i < added.size(); ++i) CHECK(added[i] == doctest::Approx(3 + expected.dview2[i]));
}

TEST_CASE("similarity: outputs of a queue stay inside their bounds, its gradient adds where asked to") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  const Problem p{.n = 67, .d = 5, .candidates = Candidates::queue};
  const Result expected = run(p);
  const Tensor u = Tensor::from<float>(context, {2 * p.n, p.d}, p.u);
  const Tensor rows = Tensor::from<float>(context, {p.kQueueRows, p.d}, unit_rows(p.kQueueRows / 2, p.d));
  const Similarities s{.view1 = u.narrow(0, p.n),
                       .view2 = u.narrow(p.n, p.n),
                       .queue = rows,
                       .temperature = {p.temperature},
                       .candidates = Candidates::queue};
  const tests::GuardedTensor lse(context, {1, p.n}), positive(context, {p.n}), attraction(context, {p.n});
  const tests::GuardedTensor correct(context, {p.n}), sums(context, {4});
  const tests::GuardedTensor du(Tensor::from(context, {p.n, p.d}, std::vector<float>(67 * 5, 3)));
  kernels::similarity_forward(
      context, {.s = s, .lse = lse, .positive = positive, .attraction = attraction, .correct = correct, .sums = sums});
  kernels::similarity_backward(context, {.s = s,
                                         .lse = lse.checked(),
                                         .attraction = attraction.checked(),
                                         .dloss = Tensor::from<float>(context, engine::Shape(), std::vector{1.0f}),
                                         .dview1 = {du, true},
                                         .dview2 = {}});
  CHECK(lse.checked().to_host<float>() == expected.lse);
  CHECK(positive.checked().to_host<float>() == expected.positive);
  CHECK(correct.checked().to_host<float>() == expected.correct);
  CHECK(sums.checked().to_host<float>() == expected.sums);
  const std::vector<float> added = du.checked().to_host<float>();
  for (std::size_t i = 0; i < added.size(); ++i) CHECK(added[i] == doctest::Approx(3 + expected.dview1[i]));
}

TEST_CASE("similarity: a row of the queue that is not a number reaches the loss") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  std::vector<float> queue = unit_rows(60, 4);
  queue[101 * 4] = std::numeric_limits<float>::quiet_NaN();
  const Tensor u = Tensor::from<float>(context, {8, 4}, unit_rows(4, 4));
  const Tensor rows = Tensor::from<float>(context, {120, 4}, queue);
  const Tensor lse = Tensor::empty(context, {1, 4}), per_anchor = Tensor::empty(context, {3, 4});
  const Tensor sums = Tensor::empty(context, {4});
  for (const float temperature : {0.1f, 0.01f}) {
    kernels::similarity_forward(context, {.s = {.view1 = u.narrow(0, 4),
                                                .view2 = u.narrow(4, 4),
                                                .queue = rows,
                                                .temperature = {temperature},
                                                .candidates = Candidates::queue},
                                          .lse = lse,
                                          .positive = per_anchor.narrow(0, 1),
                                          .attraction = per_anchor.narrow(1, 1),
                                          .correct = per_anchor.narrow(2, 1),
                                          .sums = sums});
    CHECK(std::isnan(sums.to_host<float>()[kernels::kContrastLoss]));
  }
}

TEST_CASE("similarity: a NaN in one row reaches the loss") {
  for (const Candidates candidates : kOfPairs) {
    Problem p{.n = 100, .d = 8, .candidates = candidates};
    p.u[150 * 8 + 3] = std::numeric_limits<float>::quiet_NaN();
    const Result result = run(p);
    CHECK(std::isnan(result.sums[kernels::kContrastLoss]));
    CHECK(result.correct[50] == 0);
  }
}

TEST_CASE("similarity: memory grows with n d, not n^2") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  const std::int64_t n = 8192, d = 128;
  const Tensor u = Tensor::from<float>(context, {2 * n, d}, unit_rows(n, d));
  const Tensor lse = Tensor::empty(context, {2, n}), positive = Tensor::empty(context, {n});
  const Tensor attraction = Tensor::empty(context, {n});
  const Tensor correct = Tensor::empty(context, {n}), sums = Tensor::empty(context, {4}),
               du = Tensor::empty(context, {2 * n, d});
  const Tensor dloss = Tensor::from<float>(context, engine::Shape(), std::vector{1.0f});
  const Similarities pairs{
      .view1 = u.narrow(0, n), .view2 = u.narrow(n, n), .temperature = {0.1f}, .candidates = Candidates::others};
  const std::size_t before = context.pool().used_bytes();
  context.pool().reset_peak();
  kernels::similarity_forward(
      context,
      {.s = pairs, .lse = lse, .positive = positive, .attraction = attraction, .correct = correct, .sums = sums});
  kernels::similarity_backward(context, {.s = pairs,
                                         .lse = lse,
                                         .attraction = attraction,
                                         .dloss = dloss,
                                         .dview1 = {du.narrow(0, n)},
                                         .dview2 = {du.narrow(n, n)}});
  CHECK(context.pool().used_bytes() == before);
  const double extra_mib = static_cast<double>(context.pool().peak_bytes() - before) / (1 << 20);
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
