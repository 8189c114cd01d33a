// Nearest neighbours and logistic regression, compared with scikit-learn.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "apps/evaluation/knn.h"
#include "apps/evaluation/linear_probe.h"
#include "kernels/context.h"
#include "tests/golden/fixture.h"

using namespace apps;

namespace {

constexpr std::int64_t kTest = 250;
constexpr int kClasses = 4;

SplitLabels labels_of(const tests::Fixture& golden) {
  return {golden.tensor("train_labels"), golden.tensor("test_labels"), kClasses};
}

}  // namespace

TEST_CASE("golden evaluation: nearest neighbours, by both metrics and both weights") {
  const engine::Context context = kernels::make_context();
  const tests::Fixture golden(context, "evaluation");
  const auto settings = golden.tensor("settings").to_host<std::int32_t>(),
             right = golden.tensor("neighbours_right").to_host<std::int32_t>();
  const SplitLabels labels = labels_of(golden);
  REQUIRE(settings.size() == 4 * right.size());
  for (std::size_t i = 0; i < right.size(); ++i) {
    const KnnOptions options{.k = settings[4 * i],
                             .weights = settings[4 * i + 2] == 1 ? KnnWeights::uniform : KnnWeights::similarity,
                             .metric = settings[4 * i + 1] == 1 ? KnnMetric::euclidean : KnnMetric::cosine,
                             .temperature = settings[4 * i + 3] / 1000.0};
    CAPTURE(i);
    const double accuracy =
        knn_accuracies(golden.tensor("train"), golden.tensor("test"), {&labels, 1}, options).front();
    CHECK(std::abs(accuracy * kTest - right[i]) < 1.01);  // rounding may decide one vote
  }
}

TEST_CASE("golden evaluation: on standardised features, many epochs of whole batches end at the optimum") {
  const engine::Context context = kernels::make_context();
  const tests::Fixture golden(context, "evaluation");
  const ProbeTask task{.labels = labels_of(golden), .standardized = true};
  // One example of 600 is held out, and does not matter.
  const LinearEvaluation protocol{.learning_rates = {0.1}, .batch_size = 599, .epochs = 2000, .holdout = 1.5 / 600};
  const LinearProbeResult result =
      train_linear_probes(golden.tensor("train"), golden.tensor("test"), {&task, 1}, protocol).front();
  golden.expect_close(engine::Tensor::from(context, {kClasses, 8}, result.weight), "weight", 0.02);
  golden.expect_close(engine::Tensor::from(context, {kClasses}, result.bias), "bias", 0.02);
  const std::int32_t right = golden.tensor("regression_right").to_host<std::int32_t>().front();
  CHECK(std::abs(result.best.test_accuracy * kTest - right) < 2.01);
}
