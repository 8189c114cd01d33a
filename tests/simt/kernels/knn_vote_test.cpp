#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "kernels/linear_evaluation.h"
#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Twin;

namespace {

struct Setting {
  int k, classes;
  float temperature;
};

void expect_same(std::int64_t queries, std::int64_t candidates, const std::vector<float>& values,
                 const Setting& setting) {
  CAPTURE(candidates);
  CAPTURE(setting.k);
  CAPTURE(setting.classes);
  std::mt19937 random(3);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(candidates));
  for (std::int32_t& label : labels) {
    label = static_cast<std::int32_t>(random() % static_cast<unsigned>(setting.classes));
  }
  const Twin similarities({queries, candidates}, values), label({candidates}, labels), predicted({queries}, Dtype::i32);
  on_both(cpu::knn_vote, cuda::knn_vote, [&](Side on) {
    return KnnVote{.similarities = on(similarities),
                   .labels = on(label),
                   .predicted = on(predicted),
                   .k = setting.k,
                   .classes = setting.classes,
                   .temperature = setting.temperature};
  });
  predicted.expect_equal();
}

/// Similarities rounded to multiples of 1 / steps: with few steps, most are equal.
std::vector<float> on_grid(std::int64_t count, float steps) {
  std::vector<float> values = random_values(count, 1);
  for (float& value : values) value = std::round(value * steps) / steps;
  return values;
}

}  // namespace

TEST_CASE("cuda knn_vote: the CPU's vote, for few candidates and for many tiles of them") {
  for (const std::int64_t candidates : {1, 2, 31, 1024, 1025, 3003}) {
    for (const Setting setting : {Setting{1, 3, 0.1f}, {7, 1, 0.1f}, {200, 10, 0.07f}, {64, 300, 0.5f}}) {
      expect_same(2, candidates, random_values(2 * candidates, 1), setting);
    }
  }
  expect_same(0, 10, {}, {3, 2, 0.1f});
  expect_same(2, 3000, random_values(6000, 1), {1024, 10, 0.1f});
  expect_same(2, 3000, random_values(6000, 1), {1025, 10, 0.1f});
  expect_same(2, 3000, random_values(6000, 1), {5000, 10, 0.1f});
}

TEST_CASE("cuda knn_vote: equal similarities count in the order of their index, equal votes in that of their class") {
  for (const float steps : {0.4f, 1.0f, 4.0f, 30.0f}) {
    CAPTURE(steps);
    for (const int k : {1, 5, 200}) {
      for (const float temperature : {0.07f, 100.0f, std::numeric_limits<float>::infinity()}) {
        const std::vector<float> values = on_grid(2 * 2500, steps);  // contains 0 and -0
        expect_same(2, 2500, values, {k, 7, temperature});
      }
    }
  }
}

TEST_CASE("cuda knn_vote: in ascending order every tile is sorted, in descending order only the first") {
  std::vector<float> values = random_values(6000, 1);
  std::ranges::sort(values);
  expect_same(1, 6000, values, {200, 10, 0.5f});
  std::ranges::reverse(values);
  expect_same(1, 6000, values, {200, 10, 0.5f});
}

TEST_CASE("cuda knn_vote: a row with NaN of either sign has no nearest candidates, as on the CPU") {
  for (const float nan : {NAN, -NAN}) {
    for (const std::int64_t at : {0, 1500, 2999}) {
      std::vector<float> values = random_values(2 * 3000, 1);
      values[static_cast<std::size_t>(at)] = nan;
      expect_same(2, 3000, values, {200, 3, 0.1f});
      expect_same(2, 3000, values, {3000, 3, 0.1f});
    }
  }
}

TEST_CASE("cuda knn_vote: too many neighbours are one sentence") {
  tests::with_contexts([](const engine::Context&, const engine::Context& on_cuda) {
    const Twin similarities({1, 16000}), labels({16000}, Dtype::i32), predicted({1}, Dtype::i32);
    CHECK_THROWS_WITH_AS(cuda::knn_vote(on_cuda, {.similarities = similarities.cuda(),
                                                  .labels = labels.cuda(),
                                                  .predicted = predicted.cuda(),
                                                  .k = 15361,
                                                  .classes = 2,
                                                  .temperature = 1}),
                         "knn_vote: the CUDA kernel takes up to 15360 neighbours, got k = 15361", engine::Error);
  });
}
