#include "kernels/softmax_cross_entropy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Twin;

namespace {

Twin targets(std::int64_t n, std::int64_t k, bool labels) {
  if (labels) {
    std::vector<std::int32_t> values;
    for (std::int64_t i = 0; i < n; ++i) values.push_back(static_cast<std::int32_t>(3 * i % k));
    return {{n}, values};
  }
  std::vector<float> values = random_values(n * k, 4);
  for (float& value : values) value = std::max(value, 0.0f);
  return {{n, k}, values};
}

struct Outputs {
  Outputs(std::int64_t n, std::int64_t k, Dtype dtype)
      : terms({n, 2}), loss({}), accuracy({}), dlogits({n, k}, random_values(n * k, 5), dtype) {}

  void compute(const Twin& logits, const Twin& aims, float smoothing, bool accumulate) const {
    on_both(cpu::softmax_cross_entropy_forward, cuda::softmax_cross_entropy_forward, [&](Side on) {
      return SoftmaxCrossEntropyForward{.logits = on(logits),
                                        .targets = on(aims),
                                        .smoothing = smoothing,
                                        .softmax_terms = on(terms),
                                        .loss = on(loss),
                                        .accuracy = on(accuracy)};
    });
    const Twin dloss({}, std::vector<float>{1.5f});
    on_both(cpu::softmax_cross_entropy_backward, cuda::softmax_cross_entropy_backward, [&](Side on) {
      return SoftmaxCrossEntropyBackward{.dloss = on(dloss),
                                         .logits = on(logits),
                                         .targets = on(aims),
                                         .smoothing = smoothing,
                                         .softmax_terms = on(terms),
                                         .dlogits = {on(dlogits), accumulate}};
    });
  }

  Twin terms, loss, accuracy, dlogits;
};

}  // namespace

TEST_CASE("cuda softmax_cross_entropy equals the CPU's, forward and backward") {
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{0, 5},   {1, 1},    {1, 10},  {7, 3},
                                                          {65, 33}, {13, 101}, {300, 10}};
  for (const auto& [n, k] : shapes) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const bool labels : {true, false}) {
        for (const bool accumulate : {false, true}) {
          CAPTURE(n);
          CAPTURE(k);
          CAPTURE(engine::name(dtype));
          CAPTURE(labels);
          CAPTURE(accumulate);
          const Twin logits({n, k}, random_values(n * k, 1), dtype);
          const Outputs outputs(n, k, dtype);
          outputs.compute(logits, targets(n, k, labels), accumulate ? 0.1f : 0.0f, accumulate);
          // f32 sums of k terms, then double.
          const double sums = 4 * std::sqrt(static_cast<double>(k)) * tests::rounding(Dtype::f32);
          outputs.terms.expect_close(sums);
          outputs.loss.expect_close(sums);
          outputs.accuracy.expect_equal();
          outputs.dlogits.expect_close(sums + tests::rounding(dtype));
        }
      }
    }
  }
}

TEST_CASE("cuda softmax_cross_entropy: ties, a large range, NaN and a label that does not exist, as on the CPU") {
  constexpr std::int64_t kRows = 4, kColumns = 70;
  std::vector<float> values(kRows * kColumns, 2.0f);  // row 0: all equal, the first wins
  values[kColumns + 40] = 1e4f;
  values[2 * kColumns + 3] = -1e4f;
  const std::vector<std::int32_t> labels{0, 40, 3, 69};
  const auto expect_same = [&](const std::vector<std::int32_t>& aims) {
    const Outputs outputs(kRows, kColumns, Dtype::f32);
    outputs.compute(Twin({kRows, kColumns}, values), Twin({kRows}, aims), 0, false);
    outputs.loss.expect_close(1e-6);
    outputs.dlogits.expect_close(1e-6);
    outputs.accuracy.expect_equal();
    return outputs.loss.from_cuda()[0];
  };
  CHECK(std::isfinite(expect_same(labels)));
  CHECK(std::isnan(expect_same({0, 40, 70, 69})));
  CHECK(std::isnan(expect_same({0, 40, -1, 69})));
  for (const float bad : {NAN, -NAN, INFINITY}) {
    for (const std::int64_t at : {0, 50, 69}) {  // includes the label of the row
      values[static_cast<std::size_t>(3 * kColumns + at)] = bad;
      CHECK_FALSE(std::isfinite(expect_same(labels)));
      values[static_cast<std::size_t>(3 * kColumns + at)] = 2;
    }
  }
}

TEST_CASE("cuda softmax_cross_entropy: loss and gradient keep their digits where every row is sure of its target") {
  constexpr std::int64_t kRows = 9, kColumns = 40;
  std::vector<float> values = random_values(kRows * kColumns, 3);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < kRows; ++i) {
    labels.push_back(static_cast<std::int32_t>(5 * i % kColumns));
    values[static_cast<std::size_t>(i * kColumns + labels.back())] = 40;
  }
  const Outputs outputs(kRows, kColumns, Dtype::f32);
  outputs.compute(Twin({kRows, kColumns}, values), Twin({kRows}, labels), 0, false);
  const float loss = outputs.loss.from_cuda()[0];
  CHECK(loss < 1e-14f);
  CHECK(loss / outputs.loss.from_cpu()[0] == doctest::Approx(1).epsilon(1e-5));
  const std::vector<float> cuda = outputs.dlogits.from_cuda(), cpu = outputs.dlogits.from_cpu();
  for (std::size_t i = 0; i < cuda.size(); ++i) CHECK(cuda[i] / cpu[i] == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("cuda softmax_cross_entropy: the gradient written over the logits is the same") {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    const std::int64_t n = 13, k = 37;
    const Twin logits({n, k}, random_values(n * k, 1), dtype), aims = targets(n, k, true);
    const Outputs outputs(n, k, dtype);
    outputs.compute(logits, aims, 0.1f, false);
    const Twin dloss({}, std::vector<float>{1.5f});
    on_both(cpu::softmax_cross_entropy_backward, cuda::softmax_cross_entropy_backward, [&](Side on) {
      return SoftmaxCrossEntropyBackward{.dloss = on(dloss),
                                         .logits = on(logits),
                                         .targets = on(aims),
                                         .smoothing = 0.1f,
                                         .softmax_terms = on(outputs.terms),
                                         .dlogits = {on(logits)}};
    });
    CHECK(logits.from_cpu() == outputs.dlogits.from_cpu());
    CHECK(logits.from_cuda() == outputs.dlogits.from_cuda());
  }
}
