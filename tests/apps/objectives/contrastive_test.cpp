#include "apps/objectives/contrastive.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "apps/input/run_data.h"
#include "apps/objectives/make_objective.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/train_step.h"
#include "engine/scope.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"
#include "tests/kernels/similarity_reference.h"

using namespace apps;

namespace {

using Strings = std::vector<std::string>;
constexpr std::int64_t kBatch = 64;

/// One training step of a new model on a batch of the drawn digits.
struct Pass {
  Pass(const engine::Context& context, const Config& config) : model(make_model(context, config, source)) {
    DeviceBatch batch(context, source, kBatch);
    batch.upload(first_examples(source, kBatch));
    const auto optimizer = make_optimizer(config.optim.update, model.parameters);
    engine::TrainingStatus status(
        context, [](std::int64_t) { return 1e-3; }, 0);
    TrainStep step(model, *optimizer);
    total = static_cast<double>(step.run(batch, status).item());
    measured = step.measured(status.collect().back());
  }
  double value(const char* name) const { return value_of(measured, name).value(); }
  std::vector<float> gradient(std::string_view group) const {
    std::vector<float> all;
    for (std::size_t i = 0; i < model.parameters.parameters().size(); ++i) {
      if (model.parameters.parameters()[i].group != group) continue;
      const std::vector<float> values = model.parameters.gradient(i).to_host<float>();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }

  tests::MemorySource source{kBatch};
  Model model;
  double total = 0;  ///< the minimised loss
  std::vector<Measured> measured;
};

Config high_temperature() {
  Config config;
  config.loss.temperature = 50;  // all similarities are nearly equal: the loss is that of guessing
  return config;
}

/// The expected scalars, computed in double from the features and from the projections before normalisation.
struct Expected {
  Expected(const engine::Context& context, const Config& config) {
    const tests::MemorySource source(kBatch);
    Model model = make_model(context, config, source);
    DeviceBatch batch(context, source, kBatch);
    batch.upload(first_examples(source, kBatch));
    const engine::TrainingStatus status(
        context, [](std::int64_t) { return 1e-3; }, 0);
    const Strings taps{"features", "layer2"};
    const Outcome outcome = model.objective->forward({.batch = batch, .clock = status.clock(), .taps = taps});
    for (int view = 0; view < 2; ++view) {
      append(features, outcome.tapped[0].views[view]);
      append(projections, outcome.tapped[1].views[view]);
    }
    width = outcome.tapped[1].views[0].shape()[1];
    contrast(static_cast<double>(config.loss.resolved().temperature.value()));
    for (std::size_t i = 0; i < model.parameters.parameters().size(); ++i) {
      if (model.parameters.parameters()[i].name == "probe.weight") classify(model.parameters.value(i).to_host<float>());
    }
  }

  static void append(std::vector<float>& all, const engine::Tensor& more) {
    const std::vector<float> values = more.to_host<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  void contrast(double temperature) {
    std::vector<float> unit = projections;
    for (auto row = unit.begin(); row != unit.end(); row += width) {
      double squared = 0;
      for (auto x = row; x != row + width; ++x) squared += std::pow(static_cast<double>(*x), 2);
      for (auto x = row; x != row + width; ++x) *x = static_cast<float>(static_cast<double>(*x) / std::sqrt(squared));
    }
    sums = tests::ContrastReference(unit, kBatch, width, temperature, true).sums;
  }
  /// Cross-entropy and accuracy over both views. The biases are 0, and image i of the source is of class i % 10.
  void classify(const std::vector<float>& weight) {
    const std::size_t channels = weight.size() / 10;
    for (std::size_t row = 0; row < 2 * kBatch; ++row) {
      std::vector<double> logits(10);
      double sum = 0;
      for (std::size_t c = 0; c < 10; ++c) {
        for (std::size_t k = 0; k < channels; ++k) {
          logits[c] +=
              static_cast<double>(features[row * channels + k]) * static_cast<double>(weight[c * channels + k]);
        }
        sum += std::exp(logits[c]);
      }
      const auto label = static_cast<std::ptrdiff_t>(row % kBatch % 10);
      probe_loss += (std::log(sum) - logits[static_cast<std::size_t>(label)]) / (2 * kBatch);
      const bool right = std::max_element(logits.begin(), logits.end()) == logits.begin() + label;
      probe_accuracy += (right ? 1.0 : 0.0) / (2 * kBatch);
    }
  }

  std::vector<float> features, projections;  // the rows of view 1, then those of view 2
  std::int64_t width = 0;                    // of a projection
  std::vector<double> sums;                  // as kernels::similarity_forward has them
  double probe_loss = 0, probe_accuracy = 0;
};

/// The largest mean, and the largest distance of a variance from 1, over all columns of some rows.
std::pair<double, double> worst_moments(const std::vector<float>& values, std::int64_t width, std::int64_t first,
                                        std::int64_t rows) {
  double worst_mean = 0, worst_variance = 0;
  for (std::int64_t column = 0; column < width; ++column) {
    double sum = 0, squares = 0;
    for (std::int64_t row = first; row < first + rows; ++row) {
      const double value = static_cast<double>(values[static_cast<std::size_t>(row * width + column)]);
      sum += value, squares += value * value;
    }
    const double mean = sum / static_cast<double>(rows), variance = squares / static_cast<double>(rows) - mean * mean;
    worst_mean = std::max(worst_mean, std::abs(mean));
    worst_variance = std::max(worst_variance, std::abs(variance - 1));
  }
  return {worst_mean, worst_variance};
}

bool all_zero(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return value == 0; });
}

}  // namespace

TEST_CASE("contrastive objective: without any preference, each direction costs the log of its candidates") {
  const engine::Context context = kernels::make_context();
  Config config = high_temperature();
  config.loss.name = losses::LossName::cross_view;
  const double n = kBatch;
  CHECK(Pass(context, config).value("loss") == doctest::Approx(2 * std::log(n)).epsilon(0.01));
  config.loss.name = losses::LossName::nt_xent;
  CHECK(Pass(context, config).value("loss") == doctest::Approx(2 * std::log(2 * n - 1)).epsilon(0.01));
}

TEST_CASE(
    "contrastive objective: losses and accuracies follow from features and projections, the probe's for both views") {
  const engine::Context context = kernels::make_context();
  for (const bool per_view : {false, true}) {
    Config config;
    config.objective.batch_norm_per_view = per_view;
    const Pass pass(context, config);
    const Expected expected(context, config);
    const auto close = [](double actual, double value) {  // similarities of up to 1 / temperature = 10 are rounded
      CHECK(std::abs(actual - value) <= 2e-5 * (1 + std::abs(value)));
    };
    close(pass.value("loss"), expected.sums[kernels::kContrastLoss]);
    close(pass.value("loss_align"), expected.sums[kernels::kContrastAlignment]);
    close(pass.value("loss_dist"), expected.sums[kernels::kContrastDistribution]);
    close(pass.value("contrast_acc"), expected.sums[kernels::kContrastAccuracy]);
    close(pass.total, expected.sums[kernels::kContrastLoss] + expected.probe_loss);
    close(pass.value("probe_acc"), expected.probe_accuracy);
    Strings names;
    for (const Measured& measured : pass.measured) names.push_back(measured.scalar.name);
    CHECK(names == Strings{"loss", "loss_align", "loss_dist", "contrast_acc", "probe_acc", "lr", "grad_norm"});
  }
}

TEST_CASE("contrastive objective: the probe learns beside the encoder and never through it") {
  const engine::Context context = kernels::make_context();
  Config both, first;
  both.objective.probe_views = ProbeViews::both;
  first.objective.probe_views = ProbeViews::first;
  const Pass with_both(context, both), with_first(context, first);
  CHECK_FALSE(all_zero(with_both.gradient("probe")));
  CHECK(with_both.gradient("probe") != with_first.gradient("probe"));
  CHECK(with_both.gradient("encoder") == with_first.gradient("encoder"));
  CHECK(with_both.gradient("projector") == with_first.gradient("projector"));
  CHECK(with_both.value("loss") == with_first.value("loss"));
}

TEST_CASE("contrastive objective: it shows what probes ask for, view by view and without its graph") {
  const engine::Context context = kernels::make_context();
  const tests::MemorySource source(kBatch);
  for (const bool per_view : {false, true}) {
    Config config;
    config.objective.batch_norm_per_view = per_view;
    Model model = make_model(context, config, source);
    DeviceBatch batch(context, source, kBatch);
    batch.upload(first_examples(source, kBatch));
    const engine::TrainingStatus status(
        context, [](std::int64_t) { return 1e-3; }, 0);
    const Strings taps{"conv2", "features", "layer1"};
    const Outcome outcome = model.objective->forward({.batch = batch, .clock = status.clock(), .taps = taps});
    REQUIRE(outcome.tapped.size() == 3);
    for (const Tapped& tapped : outcome.tapped) {
      CAPTURE(tapped.tap);
      REQUIRE(tapped.views.size() == 2);
      const std::int64_t channels = model.objective->representation(tapped.tap).features();
      for (const engine::Tensor& view : tapped.views) {
        CHECK(view.shape() == engine::Shape{kBatch, channels});
        CHECK_FALSE(view.wants_gradient());
      }
      CHECK(tapped.views[0].to_host<float>() != tapped.views[1].to_host<float>());
    }
  }
}

TEST_CASE("contrastive objective: a second probe is one more in the list") {
  const engine::Context context = kernels::make_context();
  const tests::MemorySource source(kBatch);
  Model model;
  model.objective = make_objective(model.parameters, Config{}, source);
  for (const OnlineProbe::Options& options :
       {OnlineProbe::Options{}, OnlineProbe::Options{.name = "probe.early", .tap = "conv1"}}) {
    model.probes.emplace_back(options, models::ProbeHead(engine::Scope(model.parameters, options.name),
                                                         model.objective->representation(options.tap).features(), 10,
                                                         engine::Initializer::normal(0.01)));
  }
  model.parameters.allocate(context, 1);
  DeviceBatch batch(context, source, kBatch);
  batch.upload(first_examples(source, kBatch));
  const auto optimizer = make_optimizer({}, model.parameters);
  engine::TrainingStatus status(
      context, [](std::int64_t) { return 1e-3; }, 0);
  TrainStep step(model, *optimizer);
  step.run(batch, status);
  const std::vector<Measured> measured = step.measured(status.collect().back());
  CHECK(value_of(measured, "probe_acc").has_value());
  CHECK(value_of(measured, "probe_early_acc").has_value());
  for (std::size_t i = 0; i < model.parameters.parameters().size(); ++i) {
    CAPTURE(model.parameters.parameters()[i].name);
    CHECK_FALSE(all_zero(model.parameters.gradient(i).to_host<float>()));
  }
  const Features early = extract_features(context, model.objective->representation("conv1"), source);
  CHECK(early.values.shape() == engine::Shape{kBatch, 32});
  CHECK(model.probes[1].accuracy(early).scalar.name == "probe_early_acc");
}

TEST_CASE("contrastive objective: statistics per view are not those of both views together") {
  const engine::Context context = kernels::make_context();
  Config joint, per_view;
  per_view.objective.batch_norm_per_view = true;
  const Pass together(context, joint), apart(context, per_view);
  // The head ends with batch norm without a shift: the rows that share statistics have mean 0 and variance 1.
  constexpr double kRounding = 1e-3;  // and epsilon, beside variances of 0.01 and more
  const auto exact = [](std::pair<double, double> moments) {
    return std::max(moments.first, moments.second) < kRounding;
  };
  const Expected all(context, joint), views(context, per_view);
  CHECK(exact(worst_moments(all.projections, all.width, 0, 2 * kBatch)));
  for (const std::int64_t view : {0, 1}) {
    CHECK_FALSE(exact(worst_moments(all.projections, all.width, view * kBatch, kBatch)));
    CHECK(exact(worst_moments(views.projections, views.width, view * kBatch, kBatch)));
  }
  const auto updates = [](const Pass& pass) {
    const auto& states = pass.model.parameters.states();
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (states[i].name == "encoder.bn1.num_batches_tracked") {
        return pass.model.parameters.state(i).to_host<std::int64_t>()[0];
      }
    }
    return std::int64_t{-1};
  };
  CHECK(updates(together) == 1);
  CHECK(updates(apart) == 2);
}

TEST_CASE(
    "contrastive objective: with every loss each parameter of encoder and head gets a gradient, the same each time") {
  const engine::Context context = kernels::make_context();
  for (std::size_t l = 0; l < engine::kNames<losses::LossName>.size(); ++l) {
    CAPTURE(engine::kNames<losses::LossName>[l]);
    Config config;
    config.loss.name = static_cast<losses::LossName>(l);
    const Pass pass(context, config), again(context, config);
    const auto is_loss = [](const Measured& measured) { return measured.scalar.name == "loss_dist"; };
    const auto found = std::find_if(pass.measured.begin(), pass.measured.end(), is_loss);
    REQUIRE(found != pass.measured.end());
    CHECK(found->scalar.axis.label == (losses::is_cross_entropy(config.loss.name) ? "loss (nats)" : "loss"));
    for (std::size_t i = 0; i < pass.model.parameters.parameters().size(); ++i) {
      CAPTURE(pass.model.parameters.parameters()[i].name);
      CHECK_FALSE(all_zero(pass.model.parameters.gradient(i).to_host<float>()));
      CHECK(pass.model.parameters.gradient(i).to_host<float>() == again.model.parameters.gradient(i).to_host<float>());
    }
  }
}
