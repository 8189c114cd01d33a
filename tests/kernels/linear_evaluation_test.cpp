#include "kernels/linear_evaluation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/tensor.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using engine::Dtype;
using engine::Tensor;

TEST_CASE("gather_rows: copies the rows asked for, in order, also twice") {
  const engine::Context context = kernels::make_context();
  const Tensor x = Tensor::from(context, {3, 2}, std::vector<float>{0, 1, 10, 11, 20, 21});
  const Tensor y = Tensor::empty(context, {4, 2});
  kernels::gather_rows(context,
                       {.x = x, .rows = Tensor::from(context, {4}, std::vector<std::int32_t>{2, 0, 2, 1}), .y = y});
  CHECK(y.to_host<float>() == std::vector<float>{20, 21, 0, 1, 20, 21, 10, 11});
}

TEST_CASE("rowwise_sgd: Nesterov steps by hand, each row at its own rate") {
  const engine::Context context = kernels::make_context();
  const Tensor w = Tensor::from(context, {2, 1}, std::vector<float>{1, 1}), v = Tensor::zeros(context, {2, 1});
  const Tensor rates = Tensor::from(context, {2}, std::vector<float>{0.1f, 0.2f});
  const auto step = [&](float gradient) {
    kernels::rowwise_sgd(context, {.value = w,
                                   .velocity = v,
                                   .gradient = Tensor::from(context, {2, 1}, std::vector<float>{gradient, gradient}),
                                   .rates = rates,
                                   .factor = 0.5f,
                                   .momentum = 0.9f});
  };
  step(1);  // v = 1, w -= 0.5 rate (1 + 0.9)
  tests::expect_close(w.to_host<float>(), {1 - 0.05 * 1.9, 1 - 0.1 * 1.9}, 1e-7);
  step(2);  // v = 2.9, w -= 0.5 rate (2 + 0.9 * 2.9)
  tests::expect_close(w.to_host<float>(), {1 - 0.05 * (1.9 + 4.61), 1 - 0.1 * (1.9 + 4.61)}, 1e-7);
}

TEST_CASE("knn_vote: weighs the k nearest, ties go by index") {
  const engine::Context context = kernels::make_context();
  const Tensor labels = Tensor::from(context, {5}, std::vector<std::int32_t>{0, 1, 1, 2, 2});
  const Tensor similarities = Tensor::from(context, {2, 5},
                                           std::vector<float>{.9f, .5f, .5f, .5f, .1f,  //
                                                              .9f, .89f, .88f, .1f, .1f});
  const Tensor predicted = Tensor::empty(context, {2}, Dtype::i32);
  const auto vote = [&](int k, float temperature) {
    kernels::knn_vote(context, {.similarities = similarities,
                                .labels = labels,
                                .predicted = predicted,
                                .k = k,
                                .classes = 3,
                                .temperature = temperature});
    return predicted.to_host<std::int32_t>();
  };
  CHECK(vote(1, 0.07f) == std::vector<std::int32_t>{0, 0});
  CHECK(vote(3, 0.07f) == std::vector<std::int32_t>{0, 1});   // one close neighbour outweighs two far ones
  CHECK(vote(3, 100.0f) == std::vector<std::int32_t>{1, 1});  // equal weights: rows 1 and 2 win by index
  CHECK(vote(99, 100.0f) == std::vector<std::int32_t>{1, 1});
  constexpr float kEqual = std::numeric_limits<float>::infinity();
  CHECK(vote(3, kEqual) == std::vector<std::int32_t>{1, 1});
  CHECK(vote(2, kEqual) == std::vector<std::int32_t>{0, 0});  // one vote each: the lower class
}

TEST_CASE("knn_vote: with NaN among its similarities a row has no nearest candidates") {
  const engine::Context context = kernels::make_context();
  for (const std::int64_t candidates : {3, 5000}) {
    for (const int k : {1, 2, 5000}) {
      for (const float nan : {NAN, -NAN}) {
        for (const std::int64_t at : {std::int64_t{0}, candidates / 2, candidates - 1}) {
          std::vector<float> values = tests::random_values(3 * candidates, 1);
          values[static_cast<std::size_t>(candidates + at)] = nan;  // only in the middle of the three rows
          const Tensor predicted = Tensor::empty(context, {3}, Dtype::i32);
          kernels::knn_vote(context, {.similarities = Tensor::from(context, {3, candidates}, values),
                                      .labels = Tensor::zeros(context, {candidates}, Dtype::i32),
                                      .predicted = predicted,
                                      .k = k,
                                      .classes = 2,
                                      .temperature = 0.07f});
          CHECK(predicted.to_host<std::int32_t>() == std::vector<std::int32_t>{0, -1, 0});
        }
      }
    }
  }
}

TEST_CASE("knn_vote: of many candidates, in any order and with ties, the nearest vote as if all were sorted") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kCandidates = 7001;
  constexpr int kClasses = 13;
  std::vector<float> ties = tests::random_values(kCandidates, 1);
  for (float& value : ties) value = std::round(20 * value) / 20;
  std::vector<float> ascending = tests::random_values(kCandidates, 2);
  std::sort(ascending.begin(), ascending.end());
  std::vector<std::int32_t> labels;
  for (std::int64_t j = 0; j < kCandidates; ++j) labels.push_back(static_cast<std::int32_t>(j * j % 101 % kClasses));
  for (const std::vector<float>& row :
       {tests::random_values(kCandidates, 3), ties, ascending, std::vector<float>(kCandidates, 0.5f)}) {
    std::vector<std::int32_t> order(kCandidates);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
      return row[static_cast<std::size_t>(a)] > row[static_cast<std::size_t>(b)];
    });
    for (const int k : {1, 7, 200, 6000, 7001}) {
      CAPTURE(k);
      std::vector<double> votes(kClasses);
      for (int i = 0; i < k; ++i) {
        const auto j = static_cast<std::size_t>(order[static_cast<std::size_t>(i)]);
        votes[static_cast<std::size_t>(labels[j])] += std::exp(static_cast<double>(row[j]) / 0.5);
      }
      const Tensor predicted = Tensor::empty(context, {1}, Dtype::i32);
      kernels::knn_vote(context, {.similarities = Tensor::from(context, {1, kCandidates}, row),
                                  .labels = Tensor::from(context, {kCandidates}, labels),
                                  .predicted = predicted,
                                  .k = k,
                                  .classes = kClasses,
                                  .temperature = 0.5f});
      const auto best = std::max_element(votes.begin(), votes.end()) - votes.begin();
      CHECK(predicted.to_host<std::int32_t>() == std::vector<std::int32_t>{static_cast<std::int32_t>(best)});
    }
  }
}
