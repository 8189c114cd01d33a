#include "apps/evaluation/knn.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Tensor;

namespace {

/// Features, and their labels.
struct Examples {
  Tensor values, labels;
  int classes = 0;
};

/// The accuracy for one set of labels.
double knn_accuracy(const Examples& train, const Examples& test, const KnnOptions& options,
                    const std::function<void(std::int64_t)>& progress = {}) {
  const SplitLabels labels{train.labels, test.labels, train.classes};
  return knn_accuracies(train.values, test.values, {&labels, 1}, options, progress).front();
}

std::vector<std::int32_t> random_labels(std::int64_t count, int classes, std::uint64_t seed) {
  std::vector<std::int32_t> labels;
  for (const float value : tests::random_values(count, seed)) {
    labels.push_back(std::min(static_cast<std::int32_t>((value + 1) / 2 * static_cast<float>(classes)), classes - 1));
  }
  return labels;
}

Examples random_features(const engine::Context& context, std::int64_t count, int classes, std::uint64_t seed) {
  return {tests::random_tensor(context, {count, 4}, seed),
          Tensor::from(context, {count}, random_labels(count, classes, seed + 100)), classes};
}

std::vector<double> in_double(const Tensor& rows, bool normalised) {
  const std::vector<float> values = rows.to_host<float>();
  std::vector<double> result(values.begin(), values.end());
  for (std::size_t i = 0; normalised && i < result.size(); i += 4) {
    double square = 0;
    for (std::size_t j = i; j < i + 4; ++j) square += result[j] * result[j];
    for (std::size_t j = i; j < i + 4; ++j) result[j] /= std::sqrt(square);
  }
  return result;
}

/// The definition, one example at a time in double. With cosines and weighted votes it is Wu et al. 2018, section 3.4.
double reference(const Examples& train, const Examples& test, const KnnOptions& options) {
  const bool cosine = options.metric == KnnMetric::cosine;
  const std::vector<double> candidates = in_double(train.values, cosine), queries = in_double(test.values, cosine);
  const auto train_labels = train.labels.to_host<std::int32_t>(), test_labels = test.labels.to_host<std::int32_t>();
  double correct = 0;
  for (std::size_t q = 0; q < test_labels.size(); ++q) {
    std::vector<double> similarity(train_labels.size());
    for (std::size_t c = 0; c < similarity.size(); ++c) {
      for (std::size_t j = 0; j < 4; ++j) {
        const double one = queries[4 * q + j], other = candidates[4 * c + j];
        similarity[c] += cosine ? one * other : -(one - other) * (one - other);
      }
    }
    std::vector<std::size_t> order(similarity.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return similarity[a] > similarity[b]; });
    std::vector<double> votes(static_cast<std::size_t>(train.classes));
    for (std::size_t i = 0; i < std::min(order.size(), static_cast<std::size_t>(options.k)); ++i) {
      votes[static_cast<std::size_t>(train_labels[order[i]])] +=
          options.weights == KnnWeights::uniform ? 1 : std::exp(similarity[order[i]] / options.temperature);
    }
    correct += std::max_element(votes.begin(), votes.end()) - votes.begin() == test_labels[q] ? 1 : 0;
  }
  return correct / static_cast<double>(test_labels.size());
}

}  // namespace

TEST_CASE("knn: as many right as by the definition, over several batches of queries") {
  const engine::Context context = kernels::make_context();
  const Examples train = random_features(context, 301, 5, 1), test = random_features(context, 607, 5, 2);
  std::vector<double> accuracies;
  for (const KnnOptions& options :
       {KnnOptions{.k = 1}, KnnOptions{.k = 7}, KnnOptions{.k = 50, .temperature = 0.5}, KnnOptions{.k = 1000},
        KnnOptions{.k = 1, .metric = KnnMetric::euclidean},
        KnnOptions{.k = 7, .metric = KnnMetric::euclidean, .temperature = 0.5},
        KnnOptions{.k = 9, .weights = KnnWeights::uniform},
        KnnOptions{.k = 9, .weights = KnnWeights::uniform, .metric = KnnMetric::euclidean}}) {
    CAPTURE(options.k);
    const double accuracy = knn_accuracy(train, test, options);
    // A close vote may differ in f32.
    CHECK(std::abs(accuracy - reference(train, test, options)) <= 2.0 / 607);
    accuracies.push_back(accuracy);
  }
  CHECK(accuracies[0] != accuracies[4]);  // the metric matters, as do the weights
  CHECK(accuracies[6] != accuracies[7]);
}

TEST_CASE("knn: several label sets at once, each as alone") {
  const engine::Context context = kernels::make_context();
  const Examples train = random_features(context, 301, 5, 1), test = random_features(context, 260, 5, 2);
  const SplitLabels sets[] = {{train.labels, test.labels, 5},
                              {Tensor::from(context, {301}, random_labels(301, 3, 8)),
                               Tensor::from(context, {260}, random_labels(260, 3, 9)), 3}};
  const KnnOptions options{.k = 5};
  CHECK(knn_accuracies(train.values, test.values, sets, options) ==
        std::vector<double>{knn_accuracies(train.values, test.values, {&sets[0], 1}, options)[0],
                            knn_accuracies(train.values, test.values, {&sets[1], 1}, options)[0]});
}

TEST_CASE("knn: far from the origin, distances keep their digits, and of equal ones the lower index counts") {
  const engine::Context context = kernels::make_context();
  // Points on a line 1e4 away: without their mean, squares of 1e8 would swallow the differences of 1.
  std::vector<float> train, test;
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 64; ++i) {
    train.insert(train.end(), {1e4f + static_cast<float>(i), 1e4f, 1e4f, 1e4f});
    test.insert(test.end(), {1e4f + static_cast<float>(i) + 0.25f, 1e4f, 1e4f, 1e4f});
    labels.push_back(i * 7 % 5);
  }
  const Tensor answers = Tensor::from(context, {64}, labels);
  const Examples known{Tensor::from(context, {64, 4}, train), answers, 5};
  const Examples asked{Tensor::from(context, {64, 4}, test), answers, 5};
  const KnnOptions nearest{.k = 1, .weights = KnnWeights::uniform, .metric = KnnMetric::euclidean};
  CHECK(knn_accuracy(known, asked, nearest) == 1);

  const Examples twins{Tensor::from(context, {3, 4}, std::vector<float>{1, 1, 0, 0, 1, 1, 0, 0, 5, 0, 0, 0}),
                       Tensor::from(context, {3}, std::vector<std::int32_t>{2, 0, 1}), 3};
  const Examples between{Tensor::from(context, {1, 4}, std::vector<float>{1, 1, 0.5, 0}),
                         Tensor::from(context, {1}, std::vector<std::int32_t>{2}), 3};
  CHECK(knn_accuracy(twins, between, nearest) == 1);
}

TEST_CASE("knn: every example finds itself, whatever the length of its feature") {
  const engine::Context context = kernels::make_context();
  const Examples train = random_features(context, 100, 3, 3);
  std::vector<float> longer = train.values.to_host<float>();
  for (float& value : longer) value *= 7;
  const Examples test{Tensor::from(context, {100, 4}, longer), train.labels, 3};
  CHECK(knn_accuracy(train, test, {.k = 1}) == 1);
}

TEST_CASE("knn: an example with NaN is not right, and none is beside one in the training set") {
  const engine::Context context = kernels::make_context();
  const Tensor labels = Tensor::zeros(context, {100}, engine::Dtype::i32);
  std::vector<float> values = tests::random_values(400, 1);
  const auto features = [&] { return Examples{Tensor::from(context, {100, 4}, values), labels, 3}; };
  const Examples clean = features();
  values[42] = NAN;
  const Examples spoilt = features();
  CHECK(knn_accuracy(clean, clean, {.k = 5}) == 1);
  for (const KnnMetric metric : {KnnMetric::cosine, KnnMetric::euclidean}) {
    CHECK(knn_accuracy(clean, spoilt, {.k = 5, .metric = metric}) == 0.99);
    CHECK(knn_accuracy(spoilt, clean, {.k = 5, .metric = metric}) == 0);
  }
}

TEST_CASE("knn: progress tells of each batch of queries, and may stop it") {
  const engine::Context context = kernels::make_context();
  const Examples train = random_features(context, 20, 3, 1), test = random_features(context, 607, 3, 2);
  std::vector<std::int64_t> done;
  knn_accuracy(train, test, {.k = 1}, [&](std::int64_t count) { done.push_back(count); });
  CHECK(done == std::vector<std::int64_t>{250, 500, 607});
  CHECK_THROWS_AS(knn_accuracy(train, test, {.k = 1}, [](std::int64_t) { throw engine::Error("stop"); }),
                  engine::Error);
}

TEST_CASE("knn across images: as many right as by the definition, for several sets of labels") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kRows = 307;
  std::vector<std::int64_t> keys, labels;
  for (std::int64_t i = 0; i < kRows; ++i) {
    keys.push_back(i * i % 150);  // images of one row and of several
    labels.push_back(i * 13 % 7);
  }
  const Partition images = Partition::of(keys), colours = Partition::of(labels);
  const Tensor rows = tests::random_tensor(context, {kRows, 4}, 8);
  const KnnOptions options{.k = 9, .temperature = 0.2};
  const std::vector<double> got = knn_accuracy_across_images(rows, images, {colours, images}, options);
  REQUIRE(got.size() == 2);
  double right = 0;
  for (std::int64_t i = 0; i < kRows; ++i) {  // each row by itself, with the rows of other images as training set
    std::vector<float> others;
    std::vector<std::int32_t> other_labels;
    const std::vector<float> values = rows.to_host<float>();
    for (std::size_t j = 0; j < kRows; ++j) {
      if (images.part_of_row[j] == images.part_of_row[static_cast<std::size_t>(i)]) continue;
      others.insert(others.end(), &values[4 * j], &values[4 * j] + 4);
      other_labels.push_back(colours.part_of_row[j]);
    }
    const auto size = static_cast<std::int64_t>(other_labels.size());
    const Examples train{Tensor::from(context, {size, 4}, others), Tensor::from(context, {size}, other_labels), 7};
    const Examples test{rows.narrow(i, 1),
                        Tensor::from(context, {1}, std::vector{colours.part_of_row[static_cast<std::size_t>(i)]}), 7};
    right += reference(train, test, options);
  }
  CHECK(std::abs(got[0] - right / kRows) <= 2.0 / kRows);
  CHECK(got[1] == 0);  // no other image has this image's number
  CHECK_THROWS_AS(knn_accuracy_across_images(rows, Partition::of(std::vector<std::int64_t>(kRows, 3)), {colours}),
                  engine::Error);
  CHECK_THROWS_AS(knn_accuracy_across_images(rows, images, {colours}, {.metric = KnnMetric::euclidean}), engine::Error);
}
