#include "apps/objectives/supervised.h"

#include <doctest/doctest.h>

#include <cmath>

#include "data/compositions/rand_bits.h"
#include "tests/apps/objectives/objective_bench.h"

using namespace apps;
using tests::ObjectiveBench;

TEST_CASE("supervised objective: it learns a batch by heart, and the evaluation finds the classes again") {
  ObjectiveBench bench({{"objective.name", "supervised"}, {"optim.name", "adam"}, {"data.crop_area_min", "1"}});
  const Representation features = bench.model.objective->representation("features");
  const auto accuracy = [&] {
    const Features of_batch = extract_features(bench.context, features, bench.source);
    const std::vector<Measured> measured = bench.model.objective->evaluate(of_batch);
    REQUIRE(measured.size() == 1);
    CHECK(measured[0].scalar.name == "class_acc");
    return measured[0].value;
  };
  const double before = accuracy();
  float first = 0, last = 0;
  for (int step = 0; step < 200; ++step) {
    last = bench.train();
    if (step == 0) first = last;
  }
  CHECK(first > 4);  // of classifier and probe: 2 ln 10 at first
  CHECK(last < 0.3f);
  CHECK(before < 0.6);
  CHECK(accuracy() == 1);
}

TEST_CASE("supervised objective: smoothing raises the loss that certainty can reach") {
  // The cross-entropy is then at least the entropy of the targets.
  ObjectiveBench bench({{"objective.name", "supervised"},
                        {"supervised.label_smoothing", "0.2"},
                        {"optim.name", "adam"},
                        {"data.crop_area_min", "1"}});
  for (int step = 0; step < 200; ++step) bench.train();
  const double other = 0.02, own = 0.82, entropy = -own * std::log(own) - 9 * other * std::log(other);
  const double loss = value_of(bench.step.measured(bench.status.collect().back()), "loss").value();
  CHECK(loss > entropy * (1 - 1e-6));
  CHECK(loss < 1.1 * entropy);
}

TEST_CASE("supervised objective: it learns bits from their planes as several labels per image") {
  const engine::Context context = kernels::make_context();
  const auto images = std::make_shared<tests::MemorySource>(16);
  const data::RandBits source(images, {.bits = 3});
  const Config config = tests::configured({{"objective.name", "supervised"},
                                           {"supervised.labels", "bits"},
                                           {"train.batch_size", "16"},
                                           {"train.steps", "4"},
                                           {"optim.name", "adam"}});
  Model model = make_model(context, config, source);
  DeviceBatch batch(context, source, 16);
  batch.upload(first_examples(source, 16));
  CHECK(batch.targets("bits").shape() == engine::Shape{16, 6});
  const auto optimizer = make_optimizer(config.optim.update, model.parameters);
  engine::TrainingStatus status(
      context, [](std::int64_t) { return 3e-3; }, 0);
  TrainStep step(model, *optimizer);
  for (int i = 0; i < 200; ++i) step.run(batch, status);
  const std::vector<Measured> measured = step.measured(status.collect().back());
  // The least is the entropy of three equal shares, ln 3, which a coin per bit exceeds by ln 2.
  CHECK(value_of(measured, "loss").value() < std::log(3) + 0.1);
  CHECK(value_of(measured, "class_acc").value() == 1);
  const Features features = extract_features(context, model.objective->representation("features"), source);
  CHECK(features.targets.at("bits").shape() == engine::Shape{16, 6});
  CHECK(model.objective->evaluate(features)[0].value > 0.9);
}

TEST_CASE("supervised objective: a sigmoid decides for each class alone") {
  const engine::Context context = kernels::make_context();
  const data::RandBits source(std::make_shared<tests::MemorySource>(16), {.bits = 2});
  const Config config = tests::configured({{"objective.name", "supervised"},
                                           {"supervised.labels", "bits"},
                                           {"supervised.likelihood", "sigmoid"},
                                           {"train.batch_size", "16"},
                                           {"train.steps", "4"}});
  Model model = make_model(context, config, source);
  DeviceBatch batch(context, source, 16);
  batch.upload(first_examples(source, 16));
  const engine::TrainingStatus status(
      context, [](std::int64_t) { return 0.0; }, 0);
  const std::vector<std::string> taps{"features"};
  const Outcome outcome = model.objective->forward({.batch = batch, .clock = status.clock(), .taps = taps});
  std::vector<float> weight, bias;
  for (std::size_t i = 0; i < model.parameters.parameters().size(); ++i) {
    const std::string& name = model.parameters.parameters()[i].name;
    if (name == "classifier.weight") weight = model.parameters.value(i).to_host<float>();
    if (name == "classifier.bias") bias = model.parameters.value(i).to_host<float>();
  }
  const std::vector<float> features = outcome.tapped[0].views[0].to_host<float>();
  double loss = 0;  // the mean over images and classes
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t k = 0; k < 4; ++k) {
      double logit = static_cast<double>(bias[k]);
      for (std::size_t j = 0; j < 128; ++j)
        logit += static_cast<double>(weight[k * 128 + j]) * static_cast<double>(features[i * 128 + j]);
      const bool has = (tests::read_example(source, static_cast<std::int64_t>(i)).bits[0] >> (k / 2) & 1) == k % 2;
      loss += (std::log1p(std::exp(logit)) - (has ? logit : 0)) / (16 * 4);
    }
  }
  CHECK(outcome.loss.item() == doctest::Approx(loss).epsilon(1e-5));
}
