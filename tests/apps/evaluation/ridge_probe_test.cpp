#include "apps/evaluation/ridge_probe.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

using namespace apps;

namespace {

/// Rows of normal noise; the class of row i is i mod `classes`, and moves the row by `shift` along one dimension.
Rows noisy(std::int64_t rows, std::int64_t columns, int classes, float shift, std::uint64_t seed) {
  Rows all{.values = std::vector<float>(static_cast<std::size_t>(rows * columns)), .columns = columns};
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      engine::Philox random(seed, engine::Purpose::initialization, 1, static_cast<std::uint64_t>(i * columns + j));
      double sum = 0;
      for (int k = 0; k < 12; ++k) sum += static_cast<double>(random.below(1 << 20)) / (1 << 20);
      all.values[static_cast<std::size_t>(i * columns + j)] =
          static_cast<float>(sum - 6) + (j == i % classes ? shift : 0);
    }
  }
  return all;
}

std::vector<std::int32_t> cycle(std::int64_t rows, int classes) {
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(i % classes));
  return labels;
}

ProbeTask task(std::int64_t train, std::int64_t test, int classes) {
  return {.train = cycle(train, classes), .test = cycle(test, classes), .classes = classes};
}

}  // namespace

TEST_CASE("ridge probe: reads what is there, and guesses what is not") {
  const Rows train = noisy(1000, 20, 4, 3, 1), test = noisy(400, 20, 4, 3, 2);
  // Two tasks at once: the classes that move the rows, and labels that have nothing to do with them.
  ProbeTask other = task(1000, 400, 7);
  const auto scores = ridge_probe(train, test, {task(1000, 400, 4), other});
  REQUIRE(scores.size() == 2);
  CHECK(scores[0].accuracy > 0.93);  // the largest of four normal numbers of which one is 3 higher: 0.96
  CHECK(scores[0].chance == 0.25);
  CHECK(scores[0].correct.size() == 400);
  CHECK(std::abs(scores[1].accuracy - 1 / 7.0) < 5 * std::sqrt(1 / 7.0 * 6 / 7 / 400));
  CHECK(scores[1].chance == doctest::Approx(58 / 400.0));
  // Tasks do not touch each other, and the same call gives the same.
  const auto alone = ridge_probe(train, test, {task(1000, 400, 4)});
  CHECK(alone[0].correct == scores[0].correct);
}

TEST_CASE("ridge probe: neither scale, nor a constant feature, nor more features than rows disturb it") {
  Rows train = noisy(500, 20, 4, 6, 1), test = noisy(200, 20, 4, 6, 2);
  const double plain = ridge_probe(train, test, {task(500, 200, 4)})[0].accuracy;
  CHECK(plain > 0.99);
  for (Rows* rows : {&train, &test}) {
    for (std::int64_t i = 0; i < rows->count(); ++i) {
      float* row = rows->values.data() + i * 20;
      row[0] = row[0] * 1e6f + 1e6f;
      row[1] *= 1e-6f;
      row[19] = 1234.5f;
    }
  }
  CHECK(ridge_probe(train, test, {task(500, 200, 4)})[0].accuracy > plain - 0.01);
  const Rows few = noisy(100, 300, 4, 8, 3), wide = noisy(200, 300, 4, 8, 4);
  CHECK(ridge_probe(few, wide, {task(100, 200, 4)})[0].accuracy > 0.5);  // 80 rows of 300 features
}

TEST_CASE("ridge probe: features that are all the same read the most frequent class") {
  const Rows train{.values = std::vector<float>(100 * 3, 0.5f), .columns = 3},
      test{.values = std::vector<float>(60 * 3, 0.5f), .columns = 3};
  ProbeTask most{.train = std::vector<std::int32_t>(100, 1), .test = std::vector<std::int32_t>(60, 1), .classes = 2};
  for (std::size_t i = 0; i < 20; ++i) most.train[i] = 0;
  for (std::size_t i = 0; i < 12; ++i) most.test[i] = 0;
  const auto scores = ridge_probe(train, test, {most});
  CHECK(scores[0].accuracy == doctest::Approx(0.8));
  CHECK(scores[0].chance == doctest::Approx(0.8));
}

TEST_CASE("ridge probe: too few rows are refused") {
  const Rows few = noisy(4, 3, 2, 1, 1);
  CHECK_THROWS_AS(ridge_probe(few, few, {task(4, 4, 2)}), engine::Error);
}
