#include "kernels/linear_evaluation.h"

#include <doctest/doctest.h>

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
  CHECK(vote(3, 100.0f) == std::vector<std::int32_t>{1, 1});  // equal weights: rows 1 and 2 win by number
  CHECK(vote(99, 100.0f) == std::vector<std::int32_t>{1, 1});
}
