#pragma once
#include "apps/input/run_data.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/model.h"
#include "apps/train/train_step.h"
#include "kernels/context.h"
#include "tests/apps/configured.h"
#include "tests/apps/memory_source.h"

namespace tests {

/// A model of some configuration and one batch, for steps of training.
class ObjectiveBench {
 public:
  static constexpr std::int64_t kBatch = 16;

  explicit ObjectiveBench(Keys keys, int bits = 0)
      : source(kBatch, bits),
        config(configured_for(keys)),
        model(apps::make_model(context, config, source)),
        batch(context, source, kBatch),
        optimizer(apps::make_optimizer(config.optim.update, model.parameters)),
        status(
            context, [](std::int64_t) { return 1e-3; }, 0),
        step(model, *optimizer) {
    batch.upload(apps::first_examples(source, kBatch));
  }

  /// Trains one step; returns the minimised loss.
  float train() { return step.run(batch, status).item(); }
  apps::StepContext context_of_step(const std::vector<std::string>& taps) const {
    return {.batch = batch, .clock = status.clock(), .taps = taps};
  }
  /// A tensor of the model's parameters or states by its name.
  std::vector<float> values(const std::string& name) const {
    for (const engine::ParameterSet* set : model.state()) {
      for (std::size_t i = 0; i < set->parameters().size(); ++i)
        if (set->parameters()[i].name == name) return set->value(i).to_host<float>();
      for (std::size_t i = 0; i < set->states().size(); ++i)
        if (set->states()[i].name == name) return set->state(i).to_host<float>();
    }
    throw engine::Error("there is no tensor " + name);
  }

  engine::Context context = kernels::make_context();
  MemorySource source;
  apps::Config config;
  apps::Model model;
  apps::DeviceBatch batch;
  std::unique_ptr<engine::Optimizer> optimizer;
  engine::TrainingStatus status;
  apps::TrainStep step;

 private:
  static apps::Config configured_for(Keys keys) {
    apps::Config config = configured({{"train.batch_size", "16"}, {"train.steps", "4"}});
    configure(config, keys);
    return config;
  }
};

}  // namespace tests
