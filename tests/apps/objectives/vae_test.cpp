#include "apps/objectives/vae.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "apps/input/augmentation_rules.h"
#include "apps/input/run_data.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/train_step.h"
#include "engine/io/files.h"
#include "engine/scope.h"
#include "kernels/cases/gaussian_latent.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/scratch_directory.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Context;
using engine::Mode;
using engine::Scope;
using engine::Tensor;

namespace {

using Strings = std::vector<std::string>;
constexpr std::int64_t kBatch = 12, kLatent = 7, kStep = 4;
constexpr int kBits = 3;

Config vae(double beta = 0.6) {
  Config config;
  config.objective.name = ObjectiveName::vae;
  config.vae = {.beta = beta, .latent = kLatent};
  config.train.seed = 9;
  return config;
}

/// One training step of a new model, when kStep others are done.
struct Pass {
  Pass(const Context& context, const Config& config) : model(make_model(context, config, source)) {
    DeviceBatch batch(context, source, kBatch);
    batch.upload(first_examples(source, kBatch));
    const auto optimizer = make_optimizer(config.optim.update, model.parameters);
    engine::TrainingStatus status(
        context, [](std::int64_t) { return 1e-3; }, kStep);
    TrainStep step(model, *optimizer);
    step.run(batch, status);
    measured = step.measured(status.collect().back());
  }
  double value(const char* name) const { return value_of(measured, name).value(); }

  tests::MemorySource source{kBatch, kBits};
  Model model;
  std::vector<Measured> measured;
};

struct Terms {
  double reconstruction = 0, divergence = 0;
};

/// The terms of the same step by the definition, in double but for the networks, which are built again with their
/// initial values.
Terms defined(const Context& context, const Config& config) {
  const tests::MemorySource source(kBatch, kBits);
  engine::ParameterSet parameters;
  const Network network = make_network(parameters, config, source);
  const std::int64_t features = network.encoder->features();
  const models::Linear::Options to_latent{
      .in = features, .out = kLatent, .kernel = engine::Initializer::glorot_uniform(features, kLatent), .bias = true};
  const models::Linear mean_layer(Scope(parameters, "latent") / "mean", to_latent),
      log_variance_layer(Scope(parameters, "latent") / "log_variance", to_latent);
  const models::Decoder decoder(Scope(parameters, "decoder"), {.latent = kLatent, .planes = 1 + kBits});
  parameters.allocate(context, static_cast<std::uint64_t>(config.train.seed));

  DeviceBatch batch(context, source, kBatch);
  batch.upload(first_examples(source, kBatch));
  const Tensor views = batch.augmented_views(training_rules(config.data.augment, source), config.train.seed, 1);
  const Tensor h = network.encoder->forward(views.view_as({kBatch, 28, 28, 1 + kBits}), Mode::train);
  const std::vector<float> mean = mean_layer(h, Mode::train).to_host<float>(),
                           log_variance = log_variance_layer(h, Mode::train).to_host<float>();
  const std::vector<double> eps =
      kernels::latent_noise(static_cast<std::uint64_t>(config.train.seed), kStep, kBatch, kLatent);
  Terms terms;
  std::vector<float> z;
  for (std::size_t i = 0; i < eps.size(); ++i) {
    const auto m = static_cast<double>(mean[i]), lv = static_cast<double>(log_variance[i]);
    z.push_back(static_cast<float>(m + std::exp(lv / 2) * eps[i]));
    terms.divergence -= 0.5 * (1 + lv - m * m - std::exp(lv)) / kBatch;
  }
  const std::vector<float> logits = decoder.forward(Tensor::from(context, {kBatch, kLatent}, z), Mode::train)
                                        .to_host<float>(),
                           targets = views.to_host<float>();
  REQUIRE(logits.size() == targets.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double p = 1 / (1 + std::exp(-static_cast<double>(logits[i]))), t = static_cast<double>(targets[i]);
    terms.reconstruction -= (t * std::log(p) + (1 - t) * std::log(1 - p)) / kBatch;
  }
  return terms;
}

}  // namespace

TEST_CASE("vae objective: both terms are those of their definition, and the loss weighs them by beta") {
  const Context context = kernels::make_context();
  for (const double beta : {0.0, 0.6, 1.0}) {
    CAPTURE(beta);
    const Config config = vae(beta);
    const Pass pass(context, config);
    const Terms expected = defined(context, config);
    CHECK(pass.value("loss_recon") == doctest::Approx(expected.reconstruction).epsilon(1e-5));
    CHECK(pass.value("loss_kl") == doctest::Approx(expected.divergence).epsilon(1e-5));
    CHECK(pass.value("loss") == doctest::Approx(expected.reconstruction + beta * expected.divergence).epsilon(1e-5));
    Strings names;
    for (const Measured& measured : pass.measured) names.push_back(measured.scalar.name);
    CHECK(names == Strings{"loss", "loss_recon", "loss_kl", "probe_acc", "lr", "grad_norm"});
  }
}

TEST_CASE("vae objective: every parameter gets a gradient, the same each time, with three groups and no projector") {
  const Context context = kernels::make_context();
  const Pass pass(context, vae()), again(context, vae());
  CHECK(pass.model.parameters.groups() == Strings{"encoder", "latent", "decoder", "probe"});
  for (std::size_t i = 0; i < pass.model.parameters.parameters().size(); ++i) {
    CAPTURE(pass.model.parameters.parameters()[i].name);
    const std::vector<float> gradient = pass.model.parameters.gradient(i).to_host<float>();
    CHECK(std::any_of(gradient.begin(), gradient.end(), [](float g) { return g != 0; }));
    CHECK(gradient == again.model.parameters.gradient(i).to_host<float>());
  }
}

TEST_CASE("vae objective: embeddings are the means, and those that differ between images are active units") {
  const Context context = kernels::make_context();
  const tests::MemorySource source(kBatch, kBits);
  Model model = make_model(context, vae(), source);
  const std::int64_t width = model.objective->representation("features").features();
  const Features varied{.values = tests::random_tensor(context, {50, width}, 1)},
      constant{.values = Tensor::zeros(context, {50, width})};
  const std::vector<float> means = model.objective->embeddings(varied.values).to_host<float>();
  REQUIRE(means.size() == 50 * kLatent);
  int active = 0;
  for (std::size_t j = 0; j < kLatent; ++j) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 50; ++i) {
      const auto mean = static_cast<double>(means[i * kLatent + j]);
      sum += mean / 50, squares += mean * mean / 50;
    }
    active += squares - sum * sum > 0.01 ? 1 : 0;
  }
  CHECK(active > 0);
  const std::vector<Measured> of_varied = model.objective->evaluate(varied);
  REQUIRE(of_varied.size() == 1);
  CHECK(of_varied[0].scalar.name == "active_units");
  CHECK(of_varied[0].value == active);
  CHECK(model.objective->evaluate(constant)[0].value == 0);
}

TEST_CASE("vae objective: its samples are the same picture for the same weights, and another after a step") {
  const Context context = kernels::make_context();
  const ScratchDirectory scratch;
  const tests::MemorySource source(kBatch, kBits);
  const auto picture = [&](const Model& model, const char* name) {
    const auto sheet = model.objective->samples(source);
    REQUIRE(sheet);
    sheet->write(scratch / name);
    return engine::read_file(scratch / name);
  };
  const Model model = make_model(context, vae(), source);
  const std::string first = picture(model, "first.png");
  CHECK(picture(model, "again.png") == first);
  CHECK(picture(Pass(context, vae()).model, "trained.png") != first);
  const Model contrastive = make_model(context, Config{}, source);
  CHECK_FALSE(contrastive.objective->samples(source));
}

TEST_CASE("vae objective: in bf16 the losses are those of f32 but for rounding") {
  if (!tests::computes_bf16()) return;
  const Context context = kernels::make_context();
  Config narrow = vae();
  narrow.run.compute.precision = Precision::bf16;
  const Pass wide(context, vae()), rounded(context, narrow);
  for (const char* name : {"loss", "loss_recon", "loss_kl"}) {
    CAPTURE(name);
    CHECK(rounded.value(name) == doctest::Approx(wide.value(name)).epsilon(0.02));
  }
}
