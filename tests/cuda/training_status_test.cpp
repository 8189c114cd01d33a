#include "engine/optim/training_status.h"

#include <doctest/doctest.h>

#include "engine/optim/schedule.h"
#include "engine/optim/sgd.h"
#include "engine/scope.h"
#include "kernels/context.h"

using namespace engine;

namespace {

/// One weight with gradient 1 after 2600 steps, and the learning rates that they recorded.
struct Outcome {
  float weight;
  std::vector<float> rates;
  bool operator==(const Outcome&) const = default;
};

constexpr std::int64_t kSteps = 2600;  // more than two rings of rates
const Schedule kSchedule{.peak = 0.1, .decay = Decay::cosine, .steps = kSteps, .warmup_steps = 50};

Outcome train(bool graphs) {
  const Context context = kernels::make_context({.device = {DeviceKind::cuda, 0}});
  ParameterSet parameters;
  Scope(parameters, "encoder").add("w", {1}, ParameterKind::kernel, Initializer::constant(0));
  parameters.allocate(context, 1);
  parameters.gradient(0).upload<float>(std::vector<float>{1});
  Sgd sgd(parameters, {.momentum = 0, .nesterov = false}, [](const ParameterInfo&) { return Treatment{}; });
  TrainingStatus status(
      context, [](std::int64_t t) { return kSchedule.at(t); }, 0);
  const Tensor loss = Tensor::zeros(context, {});
  const auto step = [&] {
    sgd.step(loss, status.clock());
    status.finish_step({});
  };
  std::unique_ptr<DeviceGraph> graph;
  std::optional<Pool::Arena> memory;
  Outcome outcome;
  for (std::int64_t t = 0; t < kSteps; ++t) {
    status.prepare_step();
    if (graph) {
      graph->launch();
      status.count_step();
    } else if (graphs && t == 2) {
      memory.emplace(context.pool());
      graph = context.backend().capture(step);
      memory->end_capture();
      graph->launch();
    } else {
      step();
    }
    if (t % 1000 != 999 && t + 1 != kSteps) continue;  // others are in flight when the next rates come
    for (const StepRecord& record : status.collect()) outcome.rates.push_back(record.learning_rate);
  }
  outcome.weight = parameters.value(0).to_host<float>()[0];
  return outcome;
}

}  // namespace

TEST_CASE("training status on a GPU: steps that are launched, and those that are under way, read their own rates") {
  float weight = 0;
  std::vector<float> rates;
  for (std::int64_t t = 0; t < kSteps; ++t) {
    rates.push_back(static_cast<float>(kSchedule.at(t)));
    weight -= rates.back();
  }
  const Outcome issued = train(false), launched = train(true);
  CHECK(issued.rates == rates);
  CHECK(issued.weight == weight);
  CHECK((launched == issued));
}
