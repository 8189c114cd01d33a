#include "tests/cases/similarity.h"

#include <cmath>

#include "tests/numeric.h"

namespace tests {
namespace {

using engine::Dtype;
using kernels::AnchorRule;
using kernels::Candidates;
using kernels::LossScale;
using kernels::SimilarityContents;
using kernels::SimilarityExample;

constexpr Dtype kDtypes[] = {Dtype::f32, Dtype::bf16};
constexpr Candidates kOfPairs[] = {Candidates::others, Candidates::other_view};
constexpr AnchorRule kImplicit{.kind = AnchorRule::Kind::implicit_features, .epsilon = 0.1f};
constexpr AnchorRule kHard{.kind = AnchorRule::Kind::hard_negatives, .beta = 1};
constexpr AnchorRule kDebiased{.kind = AnchorRule::Kind::hard_negatives, .beta = 0.5f, .tau_plus = 0.02f};
constexpr AnchorRule kOnlyDebiased{.kind = AnchorRule::Kind::hard_negatives, .tau_plus = 0.02f};
constexpr AnchorRule kLogSumExp{.kind = AnchorRule::Kind::log_sum_exp};

class List {
 public:
  void add(const SimilarityExample& example) { add(example, similar_rows(example.n, example.d, example.length)); }

  void add(SimilarityExample e, const std::vector<double>& u) {
    if (e.candidates == Candidates::queue && e.queue_rows == 0) e.queue_rows = 3 * e.n + 1;
    std::vector<double> queue = similar_rows((e.queue_rows + 1) / 2, e.d, e.length);
    queue.resize(static_cast<std::size_t>(e.queue_rows * e.d));
    if (!e.weighted()) return add(e, kernels::similarity_contents(e, u, queue), true);
    // Hard negatives: a pass for the weights, one with the positives, and both of their gradients.
    SimilarityExample weights = e;
    e.sharpness = 1 + e.rule.beta;
    weights.sharpness = e.rule.beta;
    weights.rule = {AnchorRule::Kind::negatives};
    weights.scale = {.coefficient = -1};
    weights.accumulate = true;
    const SimilarityContents contents = kernels::similarity_contents(e, u, queue);
    SimilarityContents negatives = kernels::similarity_contents(weights, u, queue);
    add(weights, negatives, false);
    negatives.lse = contents.weights_lse;
    add_backward(weights, negatives);
    add(e, contents, true);
  }

  /// Where every anchor is sure of its positive: the loss is scaled to 1, since what is close to 0 would be compared
  /// with 1.
  void add_sure(SimilarityExample e) {
    const std::vector<double> u = similar_rows(e.n, e.d);
    e.relative = true;
    e.scale.coefficient = static_cast<float>(1 / kernels::similarity_contents(e, u).loss);
    add(e, u);
  }

  SimilarityCases cases;

 private:
  void add(const SimilarityExample& e, const SimilarityContents& contents, bool both) {
    cases.forward.push_back(similarity_forward_case(e, contents));
    if (both) add_backward(e, contents);
  }

  void add_backward(SimilarityExample e, SimilarityContents contents) {
    e.dloss = 0.7f;
    if (e.accumulate) {
      const std::vector<float> before = random_values(e.views() * e.anchors() * e.d, 4);
      contents.du = {before.begin(), before.end()};
    }
    cases.backward.push_back(similarity_backward_case(e, contents));
  }
};

void add_shapes(List& list, Dtype dtype) {
  for (const Candidates candidates : kOfPairs) {
    for (const std::int64_t n : {1, 2, 3, 65}) {
      list.add({.n = n, .d = 20, .candidates = candidates, .dtype = dtype});
    }
    list.add({.n = 7, .d = 130, .candidates = candidates, .dtype = dtype});
    list.add({.n = 1, .d = 3, .candidates = candidates, .dtype = dtype, .temperature = 0.001f});
  }
  for (const std::int64_t d : {1, 3, 64, 128}) list.add({.n = 7, .d = d, .dtype = dtype});
  list.add({.n = 131, .d = 20, .dtype = dtype});
}

/// Some of the examples as anchors, gradients added, vectors that begin anywhere, many candidates for a block.
void add_ranges(List& list, Dtype dtype) {
  list.add({.n = 140, .d = 16, .dtype = dtype, .first = 67, .some = 70, .accumulate = true});
  list.add({.n = 140, .d = 16, .candidates = Candidates::other_view, .dtype = dtype, .first = 130, .some = 10});
  list.add({.n = 67, .d = 20, .dtype = dtype, .bf16_products = true, .accumulate = true});
  list.add({.n = 9, .d = 16, .dtype = dtype, .accumulate = true, .skewed = true});
  list.add({.n = 200, .d = 5, .dtype = dtype, .temperature = dtype == Dtype::bf16 ? 1 : 0.01f});
}

void add_special(List& list) {
  // What is behind the last example is no rival, where every similarity is below 0.
  list.add({.n = 1, .d = 2}, {1, 0, -1, 0});
  // A tie counts as the lowest index: both views of all examples are the same row.
  list.add({.n = 3, .d = 2}, {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0});
  // The queue has the keys' rows: a key must be more similar than they are.
  list.add({.n = 3, .d = 2, .candidates = Candidates::queue, .queue_rows = 6}, similar_rows(3, 2));
}

void add_queues(List& list, Dtype dtype) {
  const SimilarityExample queue{.n = 30, .d = 16, .candidates = Candidates::queue, .dtype = dtype, .temperature = 0.2f};
  for (const std::int64_t n : {1, 2, 65}) {
    list.add({.n = n, .d = 20, .candidates = queue.candidates, .dtype = dtype, .temperature = 0.2f});
  }
  for (const std::int64_t rows : {1, 95, 97}) {
    list.add({.n = 3, .d = 6, .candidates = queue.candidates, .queue_rows = rows, .dtype = dtype});
  }
  list.add({.n = 7, .d = 130, .candidates = queue.candidates, .dtype = dtype});
  list.add({.n = 21, .d = 64, .candidates = queue.candidates, .dtype = dtype});  // 64 rows: no partial tile
  for (const AnchorRule& rule : {kImplicit, kHard, kDebiased, kOnlyDebiased}) {
    SimilarityExample p = queue;
    p.rule = rule;
    list.add(p);
  }
  list.add({.n = 70, .d = 12, .candidates = queue.candidates, .dtype = dtype, .first = 3, .some = 66});
  SimilarityExample p = queue;
  p.d = 20;
  p.accumulate = p.bf16_products = true;
  list.add(p);
  p.skewed = true;
  list.add(p);
}

/// The log of the sum over all rows, the anchor itself among them or not.
void add_log_sum_exp(List& list, Dtype dtype) {
  constexpr LossScale kScale{.coefficient = 0.5f, .times_temperature = true, .offset = 2};
  for (const Candidates candidates : {Candidates::all, Candidates::others}) {
    for (const std::int64_t n : {1, 7, 65}) {
      list.add({.n = n, .d = 20, .candidates = candidates, .rule = kLogSumExp, .scale = kScale, .dtype = dtype});
    }
    list.add({.n = 70,
              .d = 12,
              .candidates = candidates,
              .rule = kLogSumExp,
              .dtype = dtype,
              .temperature = 0.2f,
              .first = 60,
              .some = 7});
  }
}

/// The kernel is told that rows are unit rows, where it makes use of that and where it cannot.
void add_unit_rows(List& list, Dtype dtype) {
  for (const Candidates candidates : {Candidates::others, Candidates::other_view, Candidates::queue}) {
    SimilarityExample p{.n = 70, .d = 20, .candidates = candidates, .dtype = dtype, .unit_rows = true};
    for (const float temperature : {0.01f, 0.03f, 0.1f, 1.0f}) {
      p.temperature = temperature;
      list.add(p);
    }
    for (const std::int64_t n : {1, 3}) {
      p.n = n;
      list.add(p);
    }
    list.add({.n = 70,
              .d = 130,
              .candidates = candidates,
              .dtype = dtype,
              .first = 3,
              .some = 66,
              .bf16_products = true,
              .accumulate = true,
              .unit_rows = true});
    p.temperature_on_device = true;
    list.add(p);
  }
  for (const Candidates candidates : {Candidates::all, Candidates::others}) {
    list.add({.n = 65,
              .d = 20,
              .candidates = candidates,
              .rule = kLogSumExp,
              .dtype = dtype,
              .temperature = 1,
              .unit_rows = true});
  }
  list.add_sure({.n = 70, .d = 128, .dtype = dtype, .temperature = 0.03f, .unit_rows = true});
}

void add_rules(List& list) {
  for (const Candidates candidates : kOfPairs) {
    for (const AnchorRule& rule : {kImplicit, kHard, kDebiased, kOnlyDebiased}) {
      const SimilarityExample p{.n = 40, .d = 12, .candidates = candidates, .rule = rule, .temperature = 0.2f};
      list.add(p);
      for (const std::int64_t n : {1, 5}) {
        list.add({.n = n, .d = 12, .candidates = candidates, .rule = rule, .temperature = 0.2f});
      }
      SimilarityExample narrow = p, sharp = p;
      narrow.dtype = Dtype::bf16;
      sharp.temperature = 0.02f;
      list.add(narrow);
      list.add(sharp);
    }
  }
}

void add_schedules(List& list) {
  for (const Candidates candidates : {Candidates::all, Candidates::other_view, Candidates::queue}) {
    for (const Dtype dtype : kDtypes) {
      SimilarityExample p{.n = 33,
                          .d = 20,
                          .candidates = candidates,
                          .scale = {.coefficient = 1, .times_temperature = true},
                          .dtype = dtype,
                          .temperature = 0.2f,
                          .temperature_on_device = true};
      list.add(p);
      p.rule = kHard;
      p.scale = {};
      list.add(p);
    }
  }
}

void add_sure(List& list, std::int64_t n, Dtype dtype) {
  for (const Candidates candidates : kOfPairs) {
    for (const float temperature : {0.01f, 0.03f, 0.1f, 0.5f}) {
      list.add_sure({.n = n, .d = 128, .candidates = candidates, .dtype = dtype, .temperature = temperature});
    }
  }
}

}  // namespace

std::vector<double> similar_rows(std::int64_t n, std::int64_t d, double length) {
  std::vector<float> u = random_values(2 * n * d, 7);
  std::vector<double> rows(u.begin(), u.end());
  for (std::int64_t i = 0; i < 2 * n; ++i) {
    double* row = rows.data() + i * d;
    double squared = 0;
    for (std::int64_t k = 0; k < d; ++k) {
      if (i >= n) row[k] = 0.5 * row[k] + row[k - n * d];
      squared += row[k] * row[k];
    }
    for (std::int64_t k = 0; k < d; ++k) row[k] *= length / std::sqrt(squared);
  }
  return rows;
}

SimilarityCases similarity_cases() {
  List list;
  for (const Dtype dtype : kDtypes) {
    add_shapes(list, dtype);
    add_ranges(list, dtype);
    add_queues(list, dtype);
    add_log_sum_exp(list, dtype);
    add_unit_rows(list, dtype);
    add_sure(list, 70, dtype);
  }
  add_special(list);
  add_rules(list);
  add_schedules(list);
  return list.cases;
}

SimilarityCases large_similarity_cases() {
  List list;
  for (const Candidates candidates : kOfPairs) {
    for (const std::int64_t n : {3, 7, 64, 65, 97, 257}) {
      for (const std::int64_t d : {1, 3, 64, 128, 130}) list.add({.n = n, .d = d, .candidates = candidates});
    }
    for (const float temperature : {0.01f, 0.02f, 0.05f, 0.5f, 1.0f, 10.0f}) {
      list.add({.n = 131, .d = 20, .candidates = candidates, .temperature = temperature});
    }
    // Similarities up to 18000: f32 exp would overflow at 89, and most differences underflow.
    list.add({.n = 131, .d = 20, .candidates = candidates, .temperature = 0.05f, .length = 30});
  }
  add_sure(list, 130, Dtype::f32);
  for (const Dtype dtype : kDtypes) {  // a GPU has more blocks to share them
    list.add({.n = 1200, .d = 5, .dtype = dtype, .temperature = dtype == Dtype::bf16 ? 1 : 0.01f});
  }
  return list.cases;
}

}  // namespace tests
