#include "kernels/softmax_cross_entropy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "kernels/context.h"
#include "kernels/convert.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace engine;
using tests::GuardedTensor;
using tests::random_tensor;

namespace {

/// Labels 0, 3, 6, ... modulo k; or random non-negative targets, whose rows need not sum to 1.
Tensor make_targets(const Context& context, std::int64_t n, std::int64_t k, bool labels) {
  if (labels) {
    std::vector<std::int32_t> values;
    for (std::int64_t i = 0; i < n; ++i) values.push_back(static_cast<std::int32_t>(3 * i % k));
    return Tensor::from(context, {n}, values);
  }
  std::vector<float> values = tests::random_values(n * k, 4);
  for (float& value : values) value = std::max(value, 0.0f);
  return Tensor::from(context, {n, k}, values);
}

struct Expected {
  double loss = 0, accuracy = 0;
  std::vector<double> gradient;  // of the loss
};

Expected plain_loops(const std::vector<float>& logits, const Tensor& targets, std::int64_t n, std::int64_t k,
                     double smoothing) {
  std::vector<double> t(logits.size());
  if (targets.dtype() == Dtype::i32) {
    const auto labels = targets.to_host<std::int32_t>();
    for (std::int64_t i = 0; i < n; ++i) t[static_cast<std::size_t>(i * k + labels[static_cast<std::size_t>(i)])] = 1;
  } else {
    const auto values = targets.to_host<float>();
    t.assign(values.begin(), values.end());
  }
  Expected expected;
  for (std::int64_t i = 0; i < n; ++i) {
    const float* x = logits.data() + i * k;
    double* row = t.data() + i * k;
    expected.accuracy += row[std::max_element(x, x + k) - x] == *std::max_element(row, row + k);
    double partition = 0, total = 0;
    for (std::int64_t j = 0; j < k; ++j) {
      row[j] = (1 - smoothing) * row[j] + smoothing / static_cast<double>(k);
      partition += std::exp(static_cast<double>(x[j]));
      total += row[j];
    }
    for (std::int64_t j = 0; j < k; ++j) {
      const double p = std::exp(static_cast<double>(x[j])) / partition;
      expected.loss -= row[j] * std::log(p) / static_cast<double>(n);
      expected.gradient.push_back((p * total - row[j]) / static_cast<double>(n));
    }
  }
  expected.accuracy /= static_cast<double>(n);
  return expected;
}

}  // namespace

TEST_CASE("softmax_cross_entropy kernels: equal the plain loops, write all of the output and nothing else") {
  const Context context = kernels::make_context();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const auto& [n, k] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {1, 10}, {7, 3}, {65, 33}, {200, 101}}) {
      for (const bool labels : {true, false}) {
        for (const float smoothing : {0.0f, 0.1f}) {
          for (const bool accumulate : {false, true}) {
            CAPTURE(name(dtype));
            CAPTURE(n);
            CAPTURE(k);
            CAPTURE(labels);
            CAPTURE(smoothing);
            CAPTURE(accumulate);
            const Tensor logits = random_tensor(context, {n, k}, 1, dtype),
                         targets = make_targets(context, n, k, labels);
            const Tensor before = random_tensor(context, {n, k}, 2, dtype);
            const Tensor dloss = Tensor::from<float>(context, {}, {1.5f});
            const GuardedTensor terms(context, {n, 2}), loss(context, {}), accuracy(context, {}), dlogits(before);
            kernels::softmax_cross_entropy_forward(context, {.logits = logits,
                                                             .targets = targets,
                                                             .smoothing = smoothing,
                                                             .softmax_terms = terms,
                                                             .loss = loss,
                                                             .accuracy = accuracy});
            kernels::softmax_cross_entropy_backward(context, {.dloss = dloss,
                                                              .logits = logits,
                                                              .targets = targets,
                                                              .smoothing = smoothing,
                                                              .softmax_terms = terms.checked(),
                                                              .dlogits = {dlogits, accumulate}});

            Expected expected = plain_loops(tests::to_floats(logits), targets, n, k, smoothing);
            const auto start = tests::to_floats(before);
            for (std::size_t i = 0; i < start.size(); ++i) {
              expected.gradient[i] = 1.5 * expected.gradient[i] + (accumulate ? start[i] : 0.0);
            }
            tests::expect_close(loss.checked().to_host<float>(), {expected.loss}, 20 * tests::rounding(Dtype::f32));
            tests::expect_close(accuracy.checked().to_host<float>(), {expected.accuracy}, tests::rounding(Dtype::f32));
            tests::expect_close(tests::to_floats(dlogits.checked()), expected.gradient, 8 * tests::rounding(dtype));
          }
        }
      }
    }
  }
}

TEST_CASE("softmax_cross_entropy kernels: of equal logits the first is the prediction, wherever it is") {
  const Context context = kernels::make_context();
  constexpr std::int64_t kClasses = 70;
  const auto accuracy_of = [&](const std::vector<std::int64_t>& largest, std::int32_t label) {
    std::vector<float> values(kClasses, -1.0f);
    for (const std::int64_t j : largest) values[static_cast<std::size_t>(j)] = 2.0f;
    const Tensor accuracy = Tensor::empty(context, {});
    kernels::softmax_cross_entropy_forward(context, {.logits = Tensor::from(context, {1, kClasses}, values),
                                                     .targets = Tensor::from<std::int32_t>(context, {1}, {label}),
                                                     .softmax_terms = Tensor::empty(context, {1, 2}),
                                                     .loss = Tensor::empty(context, {}),
                                                     .accuracy = accuracy});
    return accuracy.item();
  };
  const std::vector<std::vector<std::int64_t>> rows{{}, {0, 69}, {17, 33}, {21, 32, 69}, {68, 69}, {40}};
  const std::vector<std::int32_t> first{0, 0, 17, 21, 68, 40};
  for (std::size_t row = 0; row < rows.size(); ++row) {
    CAPTURE(row);
    for (std::int32_t label = 0; label < kClasses; ++label) {
      CHECK(accuracy_of(rows[row], label) == (label == first[row] ? 1.0f : 0.0f));
    }
  }
}

TEST_CASE("softmax_cross_entropy kernels: a row that is no distribution is never right, whatever its label") {
  const Context context = kernels::make_context();
  const auto accuracy_of = [&](const std::vector<float>& logits, std::int32_t label, Dtype dtype) {
    const auto classes = static_cast<std::int64_t>(logits.size());
    const Tensor x = Tensor::empty(context, {1, classes}, dtype), accuracy = Tensor::empty(context, {});
    kernels::convert(context, {.x = Tensor::from(context, {1, classes}, logits), .y = {x}});
    kernels::softmax_cross_entropy_forward(context, {.logits = x,
                                                     .targets = Tensor::from<std::int32_t>(context, {1}, {label}),
                                                     .softmax_terms = Tensor::empty(context, {1, 2}),
                                                     .loss = Tensor::empty(context, {}),
                                                     .accuracy = accuracy});
    return accuracy.item();
  };
  for (const std::size_t classes : {3u, 10u, 70u}) {  // fewer classes than a vector has elements, and more
    std::vector<std::vector<float>> rows{std::vector<float>(classes, NAN), std::vector<float>(classes, -INFINITY)};
    for (const float bad : {NAN, -NAN, INFINITY}) {
      for (const std::size_t at : {std::size_t{0}, std::size_t{1}, classes - 1}) {
        rows.emplace_back(classes, 0.0f).at(at) = bad;
      }
    }
    for (std::size_t row = 0; row < rows.size(); ++row) {
      CAPTURE(classes);
      CAPTURE(row);
      for (std::size_t label = 0; label < classes; ++label) {
        CHECK(accuracy_of(rows[row], static_cast<std::int32_t>(label), Dtype::f32) == 0);
        CHECK(accuracy_of(rows[row], static_cast<std::int32_t>(label), Dtype::bf16) == 0);
      }
    }
  }
}

TEST_CASE("softmax_cross_entropy kernels: logits of any size, and minus infinity, leave the loss finite") {
  const Context context = kernels::make_context();
  std::vector<float> values(40, 1e30f);
  values[3] = -1e30f;
  values[39] = -INFINITY;
  const Tensor logits = Tensor::from(context, {1, 40}, values), label = Tensor::from<std::int32_t>(context, {1}, {0});
  const Tensor terms = Tensor::empty(context, {1, 2}), loss = Tensor::empty(context, {});
  const Tensor dlogits = Tensor::empty(context, {1, 40});
  kernels::softmax_cross_entropy_forward(context, {.logits = logits,
                                                   .targets = label,
                                                   .softmax_terms = terms,
                                                   .loss = loss,
                                                   .accuracy = Tensor::empty(context, {})});
  kernels::softmax_cross_entropy_backward(context, {.dloss = Tensor::from<float>(context, {}, {1}),
                                                    .logits = logits,
                                                    .targets = label,
                                                    .softmax_terms = terms,
                                                    .dlogits = {dlogits}});
  tests::expect_close({loss.item()}, {std::log(38.0)}, 4 * tests::rounding(Dtype::f32));
  std::vector<double> expected(40, 1 / 38.0);
  expected[0] -= 1;
  expected[3] = expected[39] = 0;
  tests::expect_close(dlogits.to_host<float>(), expected, 4 * tests::rounding(Dtype::f32));
}

TEST_CASE("softmax_cross_entropy kernels: loss and gradient keep their digits where every row is sure of its target") {
  const Context context = kernels::make_context();
  for (const std::int64_t k : {2, 10, 37}) {
    for (const bool labels : {true, false}) {
      CAPTURE(k);
      CAPTURE(labels);
      constexpr std::int64_t kRows = 23;
      std::vector<float> values = tests::random_values(kRows * k, 3), ones(values.size());
      std::vector<std::int32_t> classes;
      std::vector<double> expected;  // dloss/dlogits
      double loss = 0;
      for (std::int64_t i = 0; i < kRows; ++i) {
        float* x = values.data() + i * k;
        classes.push_back(static_cast<std::int32_t>(5 * i % k));
        x[classes.back()] = 40;
        ones[static_cast<std::size_t>(i * k + classes.back())] = 1;
        double sum = 0;
        for (std::int64_t j = 0; j < k; ++j) sum += j == classes.back() ? 0 : std::exp(static_cast<double>(x[j]) - 40);
        for (std::int64_t j = 0; j < k; ++j) {
          const double other = std::exp(static_cast<double>(x[j]) - 40);
          expected.push_back((j == classes.back() ? -sum : other) / (1 + sum) / kRows);
        }
        loss += std::log1p(sum) / kRows;
      }
      const Tensor logits = Tensor::from(context, {kRows, k}, values);
      const Tensor targets = labels ? Tensor::from(context, {kRows}, classes) : Tensor::from(context, {kRows, k}, ones);
      const Tensor terms = Tensor::empty(context, {kRows, 2}), actual_loss = Tensor::empty(context, {});
      const Tensor gradient = Tensor::empty(context, {kRows, k});
      kernels::softmax_cross_entropy_forward(context, {.logits = logits,
                                                       .targets = targets,
                                                       .softmax_terms = terms,
                                                       .loss = actual_loss,
                                                       .accuracy = Tensor::empty(context, {})});
      kernels::softmax_cross_entropy_backward(context, {.dloss = Tensor::from<float>(context, {}, {1}),
                                                        .logits = logits,
                                                        .targets = targets,
                                                        .softmax_terms = terms,
                                                        .dlogits = {gradient}});
      CHECK(static_cast<double>(actual_loss.item()) / loss == doctest::Approx(1).epsilon(1e-5));
      const std::vector<float> actual = gradient.to_host<float>();
      for (std::size_t i = 0; i < actual.size(); ++i) {
        CHECK(static_cast<double>(actual[i]) / expected[i] == doctest::Approx(1).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("softmax_cross_entropy kernels: the loss is bit-equal for any number of threads") {
  const auto with_threads = [](int threads) {
    const Context context = kernels::make_context({.device = {}, .threads = threads});
    const Tensor loss = Tensor::empty(context, {}), accuracy = Tensor::empty(context, {});
    kernels::softmax_cross_entropy_forward(context, {.logits = random_tensor(context, {1003, 37}, 1),
                                                     .targets = make_targets(context, 1003, 37, true),
                                                     .softmax_terms = Tensor::empty(context, {1003, 2}),
                                                     .loss = loss,
                                                     .accuracy = accuracy});
    return loss.item();
  };
  const float one = with_threads(1);
  for (const int threads : {2, 3, 8}) CHECK(with_threads(threads) == one);
}
