#include "apps/train/train_step.h"

#include <doctest/doctest.h>

#include "apps/input/run_data.h"
#include "apps/train/make_optimizer.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/linear.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "engine/scope.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"

using namespace apps;
using engine::Tensor;

namespace {

constexpr std::int64_t kBatch = 4, kPixels = 28 * 28;

/// An encoder whose features are the pixels.
class Pixels final : public models::Encoder {
 public:
  Tensor forward(const Tensor& images, engine::Mode, models::Taps*) const override {
    return images.view_as({kBatch, kPixels});
  }
  std::int64_t features() const override { return kPixels; }
  std::vector<models::Tap> taps() const override { return {}; }
};

/// Classifies pixels. Records its loss, the step that the clock shows, and twice its loss under a name that no other
/// code knows. After each update it notes the step and the first weight.
class Classifier final : public Objective {
 public:
  explicit Classifier(engine::ParameterSet& parameters)
      : weight_(engine::Scope(parameters, "encoder")
                    .add("weight", {10, kPixels}, engine::ParameterKind::kernel, engine::Initializer::normal(0.01))) {}

  Outcome forward(const StepContext& step) override {
    const Tensor features = network_.encoder->forward(step.batch.evaluation_images(), engine::Mode::train, nullptr);
    const Tensor logits = engine::linear(features, weight_.tensor(engine::Mode::train));
    Outcome outcome{.loss = engine::softmax_cross_entropy(logits, step.batch.labels("label")).loss};
    outcome.record({.name = "loss", .axis = kLossAxis, .headline = true}, outcome.loss);
    outcome.record({.name = "twice", .axis = {.label = "nats"}}, engine::scale(outcome.loss, 2));
    for (const std::string& tap : step.taps) outcome.tapped.push_back({.tap = tap, .views = {features}});
    return outcome;
  }
  void after_update(const StepContext& step) override {
    steps_seen.push_back(step.clock.status.to_host<std::int32_t>()[kernels::kStatusStep]);
    weights_seen.push_back(weight_.tensor(engine::Mode::evaluate).to_host<float>()[0]);
  }
  const Network& network() const override { return network_; }

  std::vector<std::int32_t> steps_seen;
  std::vector<float> weights_seen;

 private:
  Network network_{.encoder = std::make_unique<Pixels>(), .projector = {}};
  engine::Parameter weight_;
};

struct Bench {
  explicit Bench(int probes = 0) {
    auto owned = std::make_unique<Classifier>(model.parameters);
    objective = owned.get();
    model.objective = std::move(owned);
    if (probes > 0) {
      models::ProbeHead head(engine::Scope(model.parameters, "probe"), kPixels, 10, engine::Initializer::normal(0.01));
      model.probes.emplace_back(OnlineProbe::Options{.views = 1}, head);
    }
    model.parameters.allocate(context, 1);
    batch.upload(first_examples(source, kBatch));
    optimizer = make_optimizer({.name = engine::OptimizerName::sgd}, model.parameters);
    step.emplace(model, *optimizer);
  }
  float first_weight() const { return model.parameters.value(0).to_host<float>()[0]; }

  engine::Context context = kernels::make_context();
  tests::MemorySource source{kBatch};
  DeviceBatch batch{context, source, kBatch};
  Model model;
  Classifier* objective = nullptr;
  std::unique_ptr<engine::Optimizer> optimizer;
  engine::TrainingStatus status{context, [](std::int64_t t) { return 0.1 / static_cast<double>(t + 1); }, 0};
  std::optional<TrainStep> step;
};

std::vector<std::string> names(const std::vector<Measured>& measured) {
  std::vector<std::string> all;
  for (const Measured& m : measured) all.push_back(m.scalar.name);
  return all;
}

}  // namespace

TEST_CASE("train step: a scalar that an objective records is measured under its name, with no other edit") {
  Bench bench;
  bench.step->run(bench.batch, bench.status);
  const std::vector<Measured> measured = bench.step->measured(bench.status.collect().back());
  CHECK(names(measured) == std::vector<std::string>{"loss", "twice", "lr", "grad_norm"});
  CHECK(measured[1].value == doctest::Approx(2 * measured[0].value));
  CHECK(measured[1].scalar.axis.label == "nats");
  CHECK(value_of(measured, "lr") == doctest::Approx(0.1));
  CHECK(value_of(measured, "grad_norm").value() > 0);
}

TEST_CASE("train step: it learns, and the objective sees every update before its step is counted") {
  Bench bench;
  const float start = bench.first_weight();
  const float first = bench.step->run(bench.batch, bench.status).item();
  const float second = bench.step->run(bench.batch, bench.status).item();
  CHECK(second < first);
  CHECK(bench.objective->steps_seen == std::vector<std::int32_t>{0, 1});
  REQUIRE(bench.objective->weights_seen.size() == 2);
  CHECK(bench.objective->weights_seen[0] != start);
  CHECK(bench.objective->weights_seen[1] == bench.first_weight());
}

TEST_CASE("train step: gradients alone change no weight and end no step") {
  Bench bench;
  const float start = bench.first_weight();
  bench.step->gradients(bench.batch, bench.status.clock());
  const std::vector<float> once = bench.model.parameters.gradient(0).to_host<float>();
  bench.step->gradients(bench.batch, bench.status.clock());
  CHECK(bench.model.parameters.gradient(0).to_host<float>() == once);  // overwritten, not accumulated
  CHECK(once != std::vector<float>(once.size(), 0));
  CHECK(bench.first_weight() == start);
  CHECK(bench.objective->steps_seen.empty());
  CHECK(bench.status.collect().empty());
}

TEST_CASE("train step: a probe adds its loss and its scalar, and leaves the objective's gradient alone") {
  Bench with(1), without;
  const float total = with.step->run(with.batch, with.status).item();
  without.step->run(without.batch, without.status);
  const std::vector<Measured> measured = with.step->measured(with.status.collect().back());
  CHECK(names(measured) == std::vector<std::string>{"loss", "twice", "probe_acc", "lr", "grad_norm"});
  CHECK(static_cast<double>(total) > *value_of(measured, "loss"));
  CHECK(with.model.parameters.gradient(0).to_host<float>() == without.model.parameters.gradient(0).to_host<float>());
}
