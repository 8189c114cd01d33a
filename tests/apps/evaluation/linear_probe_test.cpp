#include "apps/evaluation/linear_probe.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "apps/run/exit_code.h"
#include "engine/ops/elementwise.h"
#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Tensor;

namespace {

/// Examples, and their labels.
struct Examples {
  Tensor values, labels;
  int classes = 0;
};

/// The result of one task.
LinearProbeResult train_linear_probe(const Examples& train, const Examples& test, const LinearEvaluation& protocol,
                                     const std::function<void(std::int64_t, std::int64_t)>& progress = {},
                                     const std::function<void(std::int64_t)>& redraw = {}, bool standardized = false) {
  const ProbeTask task{.labels = {train.labels, test.labels, train.classes}, .standardized = standardized};
  return train_linear_probes(train.values, test.values, {&task, 1}, protocol, progress, redraw).front();
}

/// Examples in `classes` clusters of width `noise`, one on each axis; the labels cycle through the classes.
Examples clusters(const engine::Context& context, std::int64_t count, int classes, float noise, std::uint64_t seed) {
  std::vector<float> values = tests::random_values(count * classes, seed);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::int32_t>(i % classes);
    labels.push_back(label);
    for (int j = 0; j < classes; ++j) {
      float& value = values[static_cast<std::size_t>(i * classes + j)];
      value = value * noise + (j == label ? 1.0f : 0.0f);
    }
  }
  return {Tensor::from(context, {count, classes}, values), Tensor::from(context, {count}, labels), classes};
}

}  // namespace

TEST_CASE("linear probe: separable classes are told apart without a mistake") {
  const engine::Context context = kernels::make_context();
  const Examples train = clusters(context, 400, 5, 0.2f, 1), test = clusters(context, 100, 5, 0.2f, 2);
  const LinearProbeResult result =
      train_linear_probe(train, test, {.learning_rates = {1}, .batch_size = 32, .epochs = 10});
  CHECK(result.best.test_accuracy == 1);
  CHECK(result.best.holdout_accuracy == 1);
  CHECK(result.weight.size() == 25);
  CHECK(result.bias.size() == 5);
  for (std::size_t label = 0; label < 5; ++label) {  // its own axis has the largest weight of a class
    const float* row = &result.weight[5 * label];
    CHECK(std::max_element(row, row + 5) - row == static_cast<std::ptrdiff_t>(label));
  }
}

TEST_CASE("linear probe: a rate within a grid is trained as it is alone") {
  const engine::Context context = kernels::make_context();
  const Examples train = clusters(context, 300, 4, 1.5f, 3), test = clusters(context, 200, 4, 1.5f, 4);
  LinearEvaluation protocol{.learning_rates = {0.01, 0.3, 10}, .batch_size = 50, .epochs = 4};
  const LinearProbeResult grid = train_linear_probe(train, test, protocol);
  REQUIRE(grid.grid.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    LinearEvaluation single = protocol;
    single.learning_rates = {protocol.learning_rates[i]};
    const LinearProbeResult alone = train_linear_probe(train, test, single);
    CAPTURE(protocol.learning_rates[i]);
    CHECK(alone.best.learning_rate == protocol.learning_rates[i]);
    // Another summation order changes rounding; at most one close decision may differ.
    CHECK(alone.best.test_accuracy == doctest::Approx(grid.grid[i].test_accuracy).epsilon(1.01 / 200));
    CHECK(alone.best.holdout_accuracy == doctest::Approx(grid.grid[i].holdout_accuracy).epsilon(1.01 / 30));
    if (protocol.learning_rates[i] != grid.best.learning_rate) continue;
    tests::expect_close(alone.weight, {grid.weight.begin(), grid.weight.end()}, 1e-4);
    tests::expect_close(alone.bias, {grid.bias.begin(), grid.bias.end()}, 1e-4);
  }
}

TEST_CASE(
    "linear probe: a classifier that diverged has no accuracy and is never chosen, and if all did, that is an error") {
  const engine::Context context = kernels::make_context();
  const auto large = [&](std::int64_t count, std::uint64_t seed) {  // features so large that the weights overflow f32
    Examples features = clusters(context, count, 5, 0.2f, seed);
    features.values = engine::scale(features.values, 1000);
    return features;
  };
  const Examples train = large(400, 1), test = large(100, 2);
  const double nothing = 1e38;
  LinearEvaluation protocol{.learning_rates = {nothing, 1, 2 * nothing}, .batch_size = 320, .epochs = 10};
  const LinearProbeResult result = train_linear_probe(train, test, protocol);
  CHECK(result.best.learning_rate == 1);
  CHECK(result.best.test_accuracy == 1);
  REQUIRE(result.grid.size() == 3);
  for (const std::size_t i : {0u, 2u}) {
    CHECK(result.grid[i].diverged);
    CHECK(std::isnan(result.grid[i].holdout_accuracy));
    CHECK(std::isnan(result.grid[i].test_accuracy));
  }
  CHECK_FALSE(result.grid[1].diverged);

  protocol.learning_rates = {2 * nothing, nothing};
  CHECK(message_of<NonFiniteError>([&] { train_linear_probe(train, test, protocol); }) ==
        "linear evaluation: every classifier diverged (their scores are not finite), and no accuracy can be told; give "
        "smaller --learning-rates than 1e+38");
}

TEST_CASE("linear probe: features that are not finite in the test set alone leave no accuracy") {
  const engine::Context context = kernels::make_context();
  const Examples train = clusters(context, 400, 5, 0.2f, 1);
  std::vector<float> values(5 * 5000, 1.0f);  // more examples than one classification batch
  values.back() = NAN;
  const Examples test{Tensor::from(context, {5000, 5}, values), Tensor::zeros(context, {5000}, engine::Dtype::i32), 5};
  CHECK_THROWS_AS(train_linear_probe(train, test, {.learning_rates = {1}, .batch_size = 32, .epochs = 1}),
                  NonFiniteError);
}

TEST_CASE("linear probe: progress may stop it while examples are classified, too") {
  const engine::Context context = kernels::make_context();
  const Examples train = clusters(context, 400, 5, 0.2f, 1), test = clusters(context, 10000, 5, 0.2f, 2);
  std::vector<std::int64_t> done;
  const LinearEvaluation protocol{.learning_rates = {1}, .batch_size = 320, .epochs = 2};
  const auto note = [&](std::int64_t step, std::int64_t) { done.push_back(step); };
  const LinearProbeResult result = train_linear_probe(train, test, protocol, note);
  CHECK(done == std::vector<std::int64_t>{1, 2, 2, 2});  // two more batches of 4096
  CHECK(result.best.test_accuracy > 0.9);
}

TEST_CASE("linear probe: the rate is chosen on the held-out part, the first one on a tie, never on the test set") {
  const engine::Context context = kernels::make_context();
  const Examples train = clusters(context, 400, 5, 0.2f, 1);
  // A test set with wrong labels: the better the classifier, the worse its accuracy there.
  const Examples honest = clusters(context, 100, 5, 0.2f, 2);
  std::vector<std::int32_t> turned = honest.labels.to_host<std::int32_t>();
  for (std::int32_t& label : turned) label = (label + 1) % 5;
  const Examples test{honest.values, Tensor::from(context, {100}, turned), 5};
  // The first learning rate is too small to change an f32 weight; with the other two, no example is wrong.
  const LinearProbeResult result =
      train_linear_probe(train, test, {.learning_rates = {1e-60, 1, 2}, .batch_size = 32, .epochs = 10});
  CHECK(result.best.learning_rate == 1);
  CHECK(result.best.test_accuracy == 0);
}

TEST_CASE("linear probe: one seed, one result, progress tells every step") {
  const engine::Context context = kernels::make_context();
  const Examples train = clusters(context, 200, 3, 1, 5);
  LinearEvaluation protocol{.learning_rates = {0.1}, .batch_size = 32, .epochs = 3, .seed = 1};
  std::vector<std::int64_t> done;
  const LinearProbeResult first =
      train_linear_probe(train, train, protocol, [&](std::int64_t step, std::int64_t steps) {
        done.push_back(step);
        CHECK(steps == 15);  // 180 are not held out: 5 whole batches, 3 epochs
      });
  CHECK(done.size() == 15);
  CHECK(done.back() == 15);
  CHECK(train_linear_probe(train, train, protocol).weight == first.weight);
  protocol.seed = 2;
  CHECK(train_linear_probe(train, train, protocol).weight != first.weight);
}

TEST_CASE("linear probe: each epoch after the first sees the features that replace those before, and their labels") {
  const engine::Context context = kernels::make_context();
  const LinearEvaluation protocol{.learning_rates = {1}, .batch_size = 32, .epochs = 10};
  const Examples test = clusters(context, 100, 5, 0.2f, 2);
  const auto replace = [](const Examples& train, const Examples& by) {
    train.values.upload<float>(by.values.to_host<float>());
    train.labels.upload<std::int32_t>(by.labels.to_host<std::int32_t>());
  };

  Examples train = clusters(context, 400, 5, 0.2f, 1);
  const LinearProbeResult once = train_linear_probe(train, test, protocol);
  std::vector<std::int64_t> epochs, steps_at;
  std::int64_t steps = 0;
  const auto count = [&](std::int64_t done, std::int64_t) { steps = done; };
  const auto note = [&](std::int64_t epoch) {
    epochs.push_back(epoch);
    steps_at.push_back(steps);
  };
  CHECK(train_linear_probe(train, test, protocol, count, note).weight == once.weight);
  CHECK(epochs == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(steps_at == std::vector<std::int64_t>{11, 22, 33, 44, 55, 66, 77, 88, 99});  // 360 are not held out

  SUBCASE("the classes of one epoch have other names in the next, and the test set those of the last") {
    Examples turned = clusters(context, 400, 5, 0.2f, 1);
    std::vector<std::int32_t> labels = turned.labels.to_host<std::int32_t>();
    for (std::int32_t& label : labels) label = (label + 1) % 5;
    turned.labels.upload<std::int32_t>(labels);
    const Examples honest = clusters(context, 400, 5, 0.2f, 3);
    const auto redraw = [&](std::int64_t) { replace(turned, honest); };
    const LinearProbeResult result = train_linear_probe(turned, test, protocol, {}, redraw);
    CHECK(result.best.test_accuracy == 1);
    CHECK(result.best.holdout_accuracy == 0);  // the held-out part is that of the first epoch
  }
  SUBCASE("what the last epochs do not show is not learned") {
    const Examples nothing{Tensor::zeros(context, {400, 5}), Tensor::zeros(context, {400}, engine::Dtype::i32), 5};
    const LinearProbeResult result =
        train_linear_probe(train, test, protocol, {}, [&](std::int64_t) { replace(train, nothing); });
    CHECK(result.weight != once.weight);
    CHECK(result.best.test_accuracy < 1);  // the bias says that everything is class 0
  }
}

TEST_CASE("linear probe: too few examples are refused in one sentence") {
  const engine::Context context = kernels::make_context();
  const Examples train = clusters(context, 100, 2, 1, 6);
  CHECK(message_of<engine::DataError>(
            [&] { train_linear_probe(train, train, {.learning_rates = {1}, .batch_size = 91}); }) ==
        "linear evaluation: 100 training examples are too few for batches of 91 beside a held-out part of 10; "
        "lower --batch-size or give more data");
  CHECK_NOTHROW(train_linear_probe(train, train, {.learning_rates = {1}, .batch_size = 90, .epochs = 1}));
}

TEST_CASE("linear probe: label sets and standardised features in one pass give what each gives alone") {
  const engine::Context context = kernels::make_context();
  const Examples train = clusters(context, 300, 4, 1.5f, 3), test = clusters(context, 200, 4, 1.5f, 4);
  const auto halves = [&](const Examples& of) {  // another label set of the same examples
    std::vector<std::int32_t> labels = of.labels.to_host<std::int32_t>();
    for (std::int32_t& label : labels) label /= 2;
    return Tensor::from(context, of.labels.shape(), labels);
  };
  const Examples train_halves{train.values, halves(train), 2}, test_halves{test.values, halves(test), 2};
  const LinearEvaluation protocol{.learning_rates = {0.3, 10}, .batch_size = 50, .epochs = 4};
  const ProbeTask tasks[] = {{.labels = {train.labels, test.labels, 4}},
                             {.labels = {train_halves.labels, test_halves.labels, 2}, .standardized = true},
                             {.labels = {train_halves.labels, test_halves.labels, 2}}};
  const std::vector<LinearProbeResult> together = train_linear_probes(train.values, test.values, tasks, protocol);
  const LinearProbeResult alone[] = {train_linear_probe(train, test, protocol),
                                     train_linear_probe(train_halves, test_halves, protocol, {}, {}, true),
                                     train_linear_probe(train_halves, test_halves, protocol)};
  REQUIRE(together.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(together[i].weight == alone[i].weight);
    CHECK(together[i].bias == alone[i].bias);
    CHECK(together[i].best.test_accuracy == alone[i].best.test_accuracy);
    CHECK(together[i].best.holdout_accuracy == alone[i].best.holdout_accuracy);
  }
  CHECK(together[1].weight != together[2].weight);
}

TEST_CASE("linear probe: standardised, features on any scale are read, and the head is one of features as they are") {
  const engine::Context context = kernels::make_context();
  const auto uneven = [&](std::int64_t count, std::uint64_t seed) {  // one large and one tiny scale, and a constant
    Examples of = clusters(context, count, 3, 0.2f, seed);
    std::vector<float> values = of.values.to_host<float>(), wider;
    for (std::size_t i = 0; i < values.size(); i += 3) {
      wider.insert(wider.end(), {values[i] * 1e3f + 5e3f, values[i + 1] * 1e-4f, values[i + 2] * 1e-4f, 7.0f});
    }
    of.values = Tensor::from(context, {count, 4}, wider);
    return of;
  };
  const Examples train = uneven(600, 1), test = uneven(300, 2);
  const LinearEvaluation protocol{.learning_rates = {0.1, 1}, .batch_size = 32, .epochs = 10};
  const LinearProbeResult raw = train_linear_probe(train, test, protocol),
                          standardized = train_linear_probe(train, test, protocol, {}, {}, true);
  CHECK(raw.best.test_accuracy < 0.8);
  CHECK(standardized.best.test_accuracy == 1);
  const std::vector<float> values = test.values.to_host<float>();
  const auto labels = test.labels.to_host<std::int32_t>();
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::vector<double> scores;
    for (std::size_t k = 0; k < 3; ++k) {
      scores.push_back(standardized.bias[k]);
      for (std::size_t j = 0; j < 4; ++j)
        scores[k] += static_cast<double>(standardized.weight[4 * k + j]) * static_cast<double>(values[4 * i + j]);
    }
    right += std::max_element(scores.begin(), scores.end()) - scores.begin() == labels[i] ? 1 : 0;
  }
  CHECK(right == labels.size());
  for (std::size_t k = 0; k < 3; ++k) CHECK(standardized.weight[4 * k + 3] == 0);
}
