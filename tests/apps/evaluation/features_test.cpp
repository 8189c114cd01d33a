#include "apps/evaluation/features.h"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>

#include "apps/input/device_batch.h"
#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "apps/train/model.h"
#include "data/compositions/multi_digits.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/message_of.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Tensor;

TEST_CASE("features: in batches, with a shorter last one, what one forward pass over everything gives") {
  const engine::Context context = kernels::make_context();
  const tests::MemorySource source(1003, 2);  // two whole batches of 500, and three images
  const Model model = make_model(context, Config{}, source);
  const Representation representation = model.objective->representation("features");
  std::vector<std::int64_t> progress;
  const Features features =
      extract_features(context, representation, source, {}, [&](std::int64_t done) { progress.push_back(done); });
  CHECK(progress == std::vector<std::int64_t>{500, 1000, 1003});

  DeviceBatch batch(context, source, source.size());
  batch.upload(first_examples(source, source.size()));
  const Tensor direct = representation(batch.evaluation_images());
  REQUIRE(features.values.shape() == direct.shape());
  const std::vector<float> expected = direct.to_host<float>();
  // The same sums; for another batch size the library may choose other blocks.
  tests::expect_close(features.values.to_host<float>(), {expected.begin(), expected.end()}, 1e-5);
  CHECK(features.targets.at("label").to_host<std::int32_t>() == batch.labels().to_host<std::int32_t>());
  for (std::size_t i = 0; i < 1003; ++i) {
    REQUIRE(features.targets.at("label").to_host<std::int32_t>()[i] == static_cast<std::int32_t>(i % 10));
    if (i > 20) break;
  }
}

TEST_CASE("features: another epoch shows canvases as drawn for it, whatever the workers, and other images as before") {
  const engine::Context context = kernels::make_context();
  const auto digits = std::make_shared<tests::MemorySource>(603);  // a whole batch, and a shorter one
  const data::MultiDigits canvases(digits, {.canvas = 40, .channels = 1}, data::Role::probe_train, 5);
  const data::MultiDigits test_canvases(digits, {.canvas = 40, .channels = 1}, data::Role::probe_test, 5);
  const Model model = make_model(context, Config{}, canvases);
  const Representation representation = model.objective->representation("features");
  const auto values = [&](const data::Source& source, const Extraction& how) {
    return extract_features(context, representation, source, how).values.to_host<float>();
  };
  const std::vector<float> first = values(canvases, {}), third = values(canvases, {.epoch = 2});
  CHECK(first != third);
  CHECK(values(canvases, {.workers = 5, .epoch = 2}) == third);
  CHECK(values(test_canvases, {.epoch = 2}) == values(test_canvases, {}));

  data::HostBatch batch(canvases, 500);  // the first batch of the third epoch, read directly
  data::Example example;
  for (std::int64_t i = 0; i < 500; ++i) {
    const data::Visit visit{.example = i, .fetch = static_cast<std::uint64_t>(2 * 603 + i)};
    canvases.read(visit, {}, example);
    batch.store(i, visit, example);
  }
  DeviceBatch on_device(context, canvases, 500);
  on_device.upload(batch);
  const std::vector<float> direct = representation(on_device.evaluation_images()).to_host<float>();
  CHECK(std::equal(direct.begin(), direct.end(), third.begin()));

  const Features replaced = extract_features(context, representation, canvases);
  const Tensor memory = replaced.values;
  extract_features_into(replaced, context, representation, canvases, {.epoch = 2});
  CHECK(memory.to_host<float>() == third);
  CHECK(replaced.targets.at("digit").to_host<std::int32_t>()[602] == 2);
}

TEST_CASE("features: extraction changes nothing in the network") {
  const engine::Context context = kernels::make_context();
  const tests::MemorySource source(8);
  const Model model = make_model(context, Config{}, source);
  const Tensor mean = model.parameters.state(0);
  const std::vector<float> before = mean.to_host<float>();
  extract_features(context, model.objective->representation("features"), source);
  CHECK(mean.to_host<float>() == before);
}

TEST_CASE("features: those that are not finite, or whose squares are not, are one sentence") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kSize = 5000;  // more than one batch of the check
  const auto with = [&](std::int64_t row, float value) {
    std::vector<float> values(kSize * 3, 1e18f);
    values[static_cast<std::size_t>(row * 3 + 2)] = value;
    return Features{.values = Tensor::from(context, {kSize, 3}, values)};
  };
  CHECK_NOTHROW(check_finite(with(0, -1e18f), "the test set"));
  for (const std::int64_t row : {std::int64_t{0}, std::int64_t{4097}, kSize - 1}) {
    for (const float value : {NAN, INFINITY, -INFINITY, 3e19f}) {
      const std::string message = message_of<NonFiniteError>([&] { check_finite(with(row, value), "the test set"); });
      CHECK(
          message.starts_with(engine::concat("the encoder's features of example ", row, " of the test set are not ")));
    }
  }
}

TEST_CASE("features: a probe whose logits are not finite is right nowhere, whatever the labels") {
  const engine::Context context = kernels::make_context();
  engine::ParameterSet parameters;
  const models::ProbeHead probe(engine::Scope(parameters, "probe"), 3, 3, engine::Initializer::constant(0));
  parameters.allocate(context, 1);
  for (const float weight : {NAN, INFINITY}) {
    parameters.value(0).upload<float>(std::vector<float>(9, weight));
    const Features features{.values = Tensor::from(context, {3, 3}, std::vector<float>(9, 1.0f)),
                            .targets = {{"x", Tensor::from(context, {3}, std::vector<std::int32_t>{0, 0, 1})}}};
    CHECK(probe_accuracy(probe, features, "x") == 0);
  }
}

TEST_CASE("features: the accuracy of a probe is the fraction of examples whose largest logit is their label") {
  const engine::Context context = kernels::make_context();
  engine::ParameterSet parameters;
  const models::ProbeHead probe(engine::Scope(parameters, "probe"), 3, 3, engine::Initializer::constant(0));
  parameters.allocate(context, 1);
  parameters.value(0).upload<float>(std::vector<float>{1, 0, 0, 0, 1, 0, 0, 0, 1});  // class: the largest feature
  const Features features{
      .values = Tensor::from(context, {4, 3}, std::vector<float>{9, 1, 2, 1, 9, 2, 1, 2, 9, 9, 1, 2}),
      .targets = {{"x", Tensor::from(context, {4}, std::vector<std::int32_t>{0, 1, 2, 1})}}};
  CHECK(probe_accuracy(probe, features, "x") == 0.75);
}
