#include "kernels/similarity.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/kernels/similarity_reference.h"
#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

namespace {

/// Unit rows; those of the second view are close to the first's.
std::vector<float> unit_rows(std::int64_t n, std::int64_t d, const std::vector<float>& near, unsigned seed) {
  std::vector<float> u = random_values(n * d, seed);
  for (std::int64_t i = 0; i < n; ++i) {
    float* row = u.data() + i * d;
    double squared = 0;
    for (std::int64_t k = 0; k < d; ++k) {
      if (!near.empty()) row[k] = 0.5f * row[k] + near[static_cast<std::size_t>(i * d + k)];
      squared += static_cast<double>(row[k]) * row[k];
    }
    for (std::int64_t k = 0; k < d; ++k) row[k] = static_cast<float>(row[k] / std::sqrt(squared));
  }
  return u;
}

struct Problem {
  std::int64_t n, d;
  bool within_views = true;
  Dtype dtype = Dtype::f32;
  std::int64_t first = 0, anchors = -1;  // -1: all
  float temperature = 0.1f;
  Start start = Start::aligned;
  bool accumulate = false, bf16_products = false;
};

/// Runs both passes on both devices. Both backward passes use the CPU's sums.
void check(const Problem& p) {
  CAPTURE(p.n);
  CAPTURE(p.d);
  CAPTURE(p.within_views);
  CAPTURE(engine::name(p.dtype));
  CAPTURE(p.first);
  CAPTURE(p.anchors);
  CAPTURE(p.temperature);
  const std::int64_t m = p.anchors < 0 ? p.n : p.anchors;
  const std::vector<float> first = unit_rows(p.n, p.d, {}, 1), second = unit_rows(p.n, p.d, first, 2);
  const Twin view1({p.n, p.d}, first, p.dtype, p.start), view2({p.n, p.d}, second, p.dtype);
  const Twin lse({2, m}), positive({m}), attraction({m}), correct({m}), sums({4});
  const auto pairs = [&](Side on, std::int64_t first_anchor) {
    return Similarities{.view1 = on(view1),
                        .view2 = on(view2),
                        .temperature = {p.temperature},
                        .candidates = p.within_views ? Candidates::others : Candidates::other_view,
                        .first_anchor = first_anchor,
                        .bf16_products = p.bf16_products};
  };
  on_both(cpu::similarity_forward, cuda::similarity_forward, [&](Side on) {
    return SimilarityForward{.s = pairs(on, p.first),
                             .lse = on(lse),
                             .positive = on(positive),
                             .attraction = on(attraction),
                             .correct = on(correct),
                             .sums = on(sums)};
  });
  // Products are exact or nearly so in f32 for operands of both dtypes; their sums have errors of a few units of 1/tau.
  const double similarity = (1e-6 + 2e-7 / static_cast<double>(p.temperature));
  lse.expect_close(2 * similarity);
  positive.expect_close(2 * similarity);
  attraction.expect_close(2 * similarity);
  correct.expect_equal();
  sums.expect_close(4 * similarity);

  // The gradient of some anchors needs the sums of all anchors.
  const bool all = m == p.n;
  const Twin all_lse(all ? engine::Shape{0} : engine::Shape{2, p.n}), ignored1({p.n}), ignored2({p.n}), ignored3({4}),
      ignored4({p.n});
  if (!all) {
    on_both(cpu::similarity_forward, cuda::similarity_forward, [&](Side on) {
      return SimilarityForward{.s = pairs(on, 0),
                               .lse = on(all_lse),
                               .positive = on(ignored1),
                               .attraction = on(ignored4),
                               .correct = on(ignored2),
                               .sums = on(ignored3)};
    });
  }
  const Twin dloss({}, std::vector<float>{0.7f});
  const Twin dview1({m, p.d}, random_values(m * p.d, 3), p.dtype), dview2({m, p.d}, random_values(m * p.d, 4), p.dtype);
  on_both(cpu::similarity_backward, cuda::similarity_backward, [&](Side on) {
    return SimilarityBackward{.s = pairs(on, p.first),
                              .lse = on(all ? lse : all_lse),
                              .attraction = on(attraction),
                              .dloss = on(dloss),
                              .dview1 = {on(dview1), p.accumulate},
                              .dview2 = {on(dview2), p.accumulate}};
  });
  // An anchor's weights p_ik + p_ki sum to a few. On tensor cores they are rounded to bf16, and so is the gradient.
  const double weights = 4 / (static_cast<double>(p.n) * static_cast<double>(p.temperature));
  const double tolerance = weights * (2 * similarity + (p.dtype == Dtype::bf16 || p.bf16_products ? 1.0 / 256 : 0)) +
                           tests::rounding(p.dtype);
  dview1.expect_close(tolerance);
  dview2.expect_close(tolerance);
}

}  // namespace

TEST_CASE("cuda similarity_kept: nothing, for an exponential is computed in less time than it is fetched") {
  const engine::ConstView view{nullptr, Dtype::f32, {1000, 128}};
  CHECK(cuda::similarity_kept({.view1 = view, .view2 = view, .temperature = {1}, .candidates = Candidates::others}) ==
        0);
}

TEST_CASE("cuda similarity equals the CPU's for odd shapes") {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const bool within_views : {true, false}) {
      for (const std::int64_t n : {1, 2, 65}) {
        check({.n = n, .d = 20, .within_views = within_views, .dtype = dtype});
      }
      check({.n = 7, .d = 130, .within_views = within_views, .dtype = dtype});
    }
    for (const std::int64_t d : {1, 3, 64, 128}) check({.n = 7, .d = d, .dtype = dtype});
    check({.n = 131, .d = 20, .dtype = dtype});
  }
}

TEST_CASE("cuda similarity: some of the examples as anchors, gradients added, vectors that begin anywhere") {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    check({.n = 140, .d = 16, .dtype = dtype, .first = 67, .anchors = 70, .accumulate = true});
    check({.n = 140, .d = 16, .within_views = false, .dtype = dtype, .first = 130, .anchors = 10});
    check({.n = 67, .d = 20, .dtype = dtype, .accumulate = true, .bf16_products = true});
    check({.n = 9, .d = 16, .dtype = dtype, .start = Start::skewed, .accumulate = true});
  }
}

TEST_CASE("cuda similarity: a block meets many candidates, at any temperature") {
  constexpr std::int64_t kMany = ENGINE_CUDA ? 4000 : 200;  // a GPU has more blocks to share them
  check({.n = kMany, .d = 5, .dtype = Dtype::f32, .temperature = 0.01f});
  check({.n = kMany, .d = 5, .dtype = Dtype::bf16, .temperature = 1});
}

TEST_CASE("cuda similarity: gradient and loss keep their digits where every anchor is sure of its positive") {
  constexpr std::int64_t kExamples = 70, kDepth = 128;
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const bool within_views : {true, false}) {
      for (const float temperature : {0.01f, 0.03f, 0.1f, 0.5f}) {
        CAPTURE(engine::name(dtype));
        CAPTURE(within_views);
        CAPTURE(temperature);
        const Shape rows{kExamples, kDepth};
        const std::vector<float> first = unit_rows(kExamples, kDepth, {}, 1);
        const Twin view1(rows, first, dtype), view2(rows, unit_rows(kExamples, kDepth, first, 2), dtype);
        std::vector<float> both = view1.from_cpu();
        for (const float x : view2.from_cpu()) both.push_back(x);
        const tests::ContrastReference expected(both, kExamples, kDepth, temperature, within_views);

        const Twin lse({2, kExamples}), positive({kExamples}), attraction({kExamples}), correct({kExamples}), sums({4});
        const auto pairs = [&](Side on) {
          return Similarities{.view1 = on(view1),
                              .view2 = on(view2),
                              .temperature = {temperature},
                              .candidates = within_views ? Candidates::others : Candidates::other_view};
        };
        on_both(cpu::similarity_forward, cuda::similarity_forward, [&](Side on) {
          return SimilarityForward{.s = pairs(on),
                                   .lse = on(lse),
                                   .positive = on(positive),
                                   .attraction = on(attraction),
                                   .correct = on(correct),
                                   .sums = on(sums)};
        });
        const Twin dloss({}, std::vector<float>{1}), dview1(rows, dtype), dview2(rows, dtype);
        on_both(cpu::similarity_backward, cuda::similarity_backward, [&](Side on) {
          return SimilarityBackward{.s = pairs(on),
                                    .lse = on(lse),
                                    .attraction = on(attraction),
                                    .dloss = on(dloss),
                                    .dview1 = {on(dview1)},
                                    .dview2 = {on(dview2)}};
        });
        CHECK(tests::relative_error(attraction.from_cuda(), expected.attraction) <= 1e-4);
        CHECK(tests::relative_error({sums.from_cuda()[kContrastLoss]}, {expected.sums[kContrastLoss]}) <= 1e-4);
        // In bf16 the weights and the gradient are rounded.
        const double tolerance = dtype == Dtype::bf16 ? 1.0 / 128 : 1e-4;
        CHECK(tests::relative_error(dview1.from_cuda(), expected.dview1) <= tolerance);
        CHECK(tests::relative_error(dview2.from_cuda(), expected.dview2) <= tolerance);
      }
    }
  }
}

TEST_CASE("cuda similarity: what is behind the last example is no rival, where every similarity is below 0") {
  const Twin view1({1, 2}, std::vector<float>{1, 0}), view2({1, 2}, std::vector<float>{-1, 0}), lse({2, 1}),
      positive({1}), attraction({1}), correct({1});
  const Twin sums({4});
  on_both(cpu::similarity_forward, cuda::similarity_forward, [&](Side on) {
    return SimilarityForward{
        .s = {.view1 = on(view1), .view2 = on(view2), .temperature = {0.1f}, .candidates = Candidates::others},
        .lse = on(lse),
        .positive = on(positive),
        .attraction = on(attraction),
        .correct = on(correct),
        .sums = on(sums)};
  });
  CHECK(correct.from_cpu()[0] == 1);
  CHECK(correct.from_cuda()[0] == 1);
}

TEST_CASE("cuda similarity: a NaN in one row reaches the loss") {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    std::vector<float> rows = unit_rows(20, 8, {}, 1);
    const Twin view1({20, 8}, rows, dtype);
    rows[37] = NAN;
    const Twin view2({20, 8}, rows, dtype), lse({2, 20}), positive({20}), attraction({20}), correct({20}), sums({4});
    on_both(cpu::similarity_forward, cuda::similarity_forward, [&](Side on) {
      return SimilarityForward{
          .s = {.view1 = on(view1), .view2 = on(view2), .temperature = {0.1f}, .candidates = Candidates::others},
          .lse = on(lse),
          .positive = on(positive),
          .attraction = on(attraction),
          .correct = on(correct),
          .sums = on(sums)};
    });
    CHECK(std::isnan(sums.from_cuda()[kContrastLoss]));
  }
}

namespace {

/// A loss that is more than a cross-entropy of pairs.
struct RuleProblem {
  std::int64_t n, d;
  Candidates candidates;
  AnchorRule rule = {};
  LossScale scale = {};
  Dtype dtype = Dtype::f32;
  float temperature = 0.2f;
  std::int64_t first = 0, anchors = -1;  // -1: all
  bool temperature_on_device = false, bf16_products = false, accumulate = false;
  Start start = Start::aligned;
};

/// Runs the passes of losses/similarity.cpp on both devices; backward passes use the CPU's sums.
void check(const RuleProblem& p) {
  CAPTURE(p.n);
  CAPTURE(p.d);
  CAPTURE(static_cast<int>(p.candidates));
  CAPTURE(static_cast<int>(p.rule.kind));
  CAPTURE(engine::name(p.dtype));
  CAPTURE(p.temperature);
  const bool queued = p.candidates == Candidates::queue, hard = p.rule.kind == AnchorRule::Kind::hard_negatives;
  const std::int64_t m = p.anchors < 0 ? p.n : p.anchors, views = queued ? 1 : 2, rows = queued ? 3 * p.n + 1 : 1;
  const std::vector<float> first = unit_rows(p.n, p.d, {}, 1), second = unit_rows(p.n, p.d, first, 2);
  const Twin view1({p.n, p.d}, first, p.dtype, p.start), view2({p.n, p.d}, second, p.dtype);
  const Twin queue({rows, p.d}, unit_rows(rows, p.d, {}, 3), p.dtype), now({}, std::vector<float>{p.temperature});
  const auto similarities = [&](Side on, float sharpness, std::int64_t first_anchor) {
    Similarities s{.view1 = on(view1),
                   .view2 = on(view2),
                   .temperature = {p.temperature},
                   .sharpness = sharpness,
                   .candidates = p.candidates,
                   .first_anchor = first_anchor,
                   .bf16_products = p.bf16_products};
    if (queued) s.queue = on(queue);
    if (p.temperature_on_device) s.temperature = {.value = -1, .now = on(now)};
    return s;
  };
  const double similarity = 1e-6 + 3e-7 * (1 + static_cast<double>(p.rule.beta)) / static_cast<double>(p.temperature);

  const Twin weights({views, m}), lse({views, m}), positive({m}), attraction({m}), correct({m}), sums({4});
  const bool weighted = p.rule.beta > 0;
  if (weighted) {
    on_both(cpu::similarity_forward, cuda::similarity_forward, [&](Side on) {
      return SimilarityForward{.s = similarities(on, p.rule.beta, p.first),
                               .rule = {AnchorRule::Kind::negatives},
                               .lse = on(weights),
                               .positive = {},
                               .attraction = {},
                               .correct = {},
                               .sums = {}};
    });
    weights.expect_close(2 * similarity);
  }
  on_both(cpu::similarity_forward, cuda::similarity_forward, [&](Side on) {
    return SimilarityForward{.s = similarities(on, hard ? 1 + p.rule.beta : 1, p.first),
                             .rule = p.rule,
                             .scale = p.scale,
                             .weights = weighted ? on(weights) : engine::View{},
                             .lse = on(lse),
                             .positive = on(positive),
                             .attraction = on(attraction),
                             .correct = on(correct),
                             .sums = on(sums)};
  });
  const double remaining = p.rule.tau_plus > 0 ? 20 : 1;  // debiasing magnifies errors
  lse.expect_close(4 * remaining * similarity);
  if (weighted) weights.expect_close(4 * remaining * similarity);
  positive.expect_close(2 * similarity);
  attraction.expect_close(4 * remaining * similarity);
  correct.expect_equal();
  sums.expect_close(8 * remaining * similarity);

  // The gradient of some anchors reads a table of all anchors.
  const bool all = m == p.n;
  const Twin all_lse(all ? engine::Shape{0} : engine::Shape{views, p.n}), ignored1({p.n}), ignored2({p.n}),
      ignored3({p.n}), ignored4({4});
  if (!all) {
    on_both(cpu::similarity_forward, cuda::similarity_forward, [&](Side on) {
      return SimilarityForward{.s = similarities(on, 1, 0),
                               .rule = p.rule,
                               .scale = p.scale,
                               .lse = on(all_lse),
                               .positive = on(ignored1),
                               .attraction = on(ignored2),
                               .correct = on(ignored3),
                               .sums = on(ignored4)};
    });
  }
  const Twin dloss({}, std::vector<float>{0.7f});
  const std::vector<float> before = random_values(m * p.d, 4);
  const Twin dview1({m, p.d}, before, p.dtype), dview2({m, p.d}, before, p.dtype);
  const auto backward = [&](float sharpness, LossScale scale, const Twin& of, bool attracts, bool accumulate) {
    on_both(cpu::similarity_backward, cuda::similarity_backward, [&](Side on) {
      return SimilarityBackward{.s = similarities(on, sharpness, p.first),
                                .scale = scale,
                                .lse = on(of),
                                .attraction = attracts ? on(attraction) : engine::View{},
                                .dloss = on(dloss),
                                .dview1 = {on(dview1), accumulate},
                                .dview2 = {queued ? engine::View{} : on(dview2), accumulate}};
    });
  };
  backward(hard ? 1 + p.rule.beta : 1, p.scale, all ? lse : all_lse, true, p.accumulate);
  if (weighted) backward(p.rule.beta, {.coefficient = -1}, weights, false, true);
  const bool narrow = p.dtype == Dtype::bf16 || p.bf16_products;
  const double strength =
      4 * (1 + 2 * static_cast<double>(p.rule.beta)) / (static_cast<double>(p.n) * static_cast<double>(p.temperature));
  const double tolerance =
      strength * remaining * (2 * similarity + (narrow ? 1.0 / 256 : 0)) + 2 * tests::rounding(p.dtype);
  dview1.expect_close(tolerance);
  if (!queued) dview2.expect_close(tolerance);
}

constexpr AnchorRule kImplicit{.kind = AnchorRule::Kind::implicit_features, .epsilon = 0.1f};
constexpr AnchorRule kHard{.kind = AnchorRule::Kind::hard_negatives, .beta = 1};
constexpr AnchorRule kDebiased{.kind = AnchorRule::Kind::hard_negatives, .beta = 0.5f, .tau_plus = 0.02f};

}  // namespace

TEST_CASE("cuda similarity: a queue, with every rule") {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const std::int64_t n : {1, 2, 65}) check(RuleProblem{n, 20, Candidates::queue, {}, {}, dtype});
    check(RuleProblem{7, 130, Candidates::queue, {}, {}, dtype});
    check(RuleProblem{21, 64, Candidates::queue, {}, {}, dtype});  // 64 rows: no partial tile
    for (const AnchorRule& rule : {kImplicit, kHard, kDebiased}) {
      check(RuleProblem{30, 16, Candidates::queue, rule, {}, dtype});
    }
    RuleProblem some{70, 12, Candidates::queue, {}, {}, dtype};
    some.first = 3;
    some.anchors = 66;
    check(some);
  }
  RuleProblem p{30, 20, Candidates::queue};
  p.accumulate = p.bf16_products = true;
  check(p);
  p.start = Start::skewed;
  check(p);
}

TEST_CASE("cuda similarity: the log of the sum over all rows, the anchor itself among them or not") {
  const LossScale scale{.coefficient = 0.5f, .times_temperature = true, .offset = 2};
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const Candidates candidates : {Candidates::all, Candidates::others}) {
      for (const std::int64_t n : {1, 7, 65}) {
        check(RuleProblem{n, 20, candidates, {AnchorRule::Kind::log_sum_exp}, scale, dtype});
      }
      RuleProblem some{70, 12, candidates, {AnchorRule::Kind::log_sum_exp}, {}, dtype};
      some.first = 60;
      some.anchors = 7;
      check(some);
    }
  }
}

TEST_CASE("cuda similarity: remedies among all rows and across views") {
  for (const Candidates candidates : {Candidates::others, Candidates::other_view}) {
    for (const AnchorRule& rule : {kImplicit, kHard, kDebiased}) {
      for (const std::int64_t n : {1, 40}) check(RuleProblem{n, 12, candidates, rule});
      check(RuleProblem{40, 12, candidates, rule, {}, Dtype::bf16});
      RuleProblem sharp{40, 12, candidates, rule};
      sharp.temperature = 0.02f;
      check(sharp);
    }
  }
}

TEST_CASE("cuda similarity: a temperature in device memory") {
  const LossScale scale{.coefficient = 1, .times_temperature = true};
  for (const Candidates candidates : {Candidates::all, Candidates::other_view, Candidates::queue}) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      RuleProblem p{33, 20, candidates, {}, scale, dtype};
      p.temperature_on_device = true;
      check(p);
      p.rule = kHard;
      p.scale = {};
      check(p);
    }
  }
}
