#include "apps/train/train_step.h"

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"

namespace apps {

using engine::Tensor;

TrainStep::TrainStep(Model& model, engine::Optimizer& optimizer, const engine::GradientSum::Options& sum)
    : model_(model), optimizer_(optimizer), sum_(model.parameters, sum), taps_(model.taps()) {}

Tensor TrainStep::run(const DeviceBatch& batch, engine::TrainingStatus& status) {
  const StepContext step{.batch = batch, .clock = status.clock(), .taps = taps_};
  const Pass pass = forward_and_backward(step);
  const engine::LayerRange layer(pass.loss.context(), "optimizer");
  optimizer_.step(pass.loss, step.clock);
  model_.objective->after_update(step);

  scalars_.clear();
  std::vector<Tensor> values;
  for (const auto& [scalar, value] : pass.scalars) {
    scalars_.push_back(scalar);
    values.push_back(value);
  }
  values.push_back(optimizer_.norms().narrow(0, 1));
  status.finish_step(values);
  return pass.loss;
}

Tensor TrainStep::gradients(const DeviceBatch& batch, const engine::StepClock& clock) {
  return forward_and_backward({.batch = batch, .clock = clock, .taps = taps_}).loss;
}

TrainStep::Pass TrainStep::forward_and_backward(const StepContext& step) {
  model_.parameters.zero_grad();
  Pass pass;
  {
    Outcome outcome = model_.objective->forward(step);
    pass = {.loss = outcome.loss, .scalars = std::move(outcome.scalars)};
    for (const OnlineProbe& probe : model_.probes) {
      const OnlineProbe::Result result = probe.forward(outcome.tapped, step.batch);
      pass.loss = engine::add(pass.loss, result.loss);
      pass.scalars.push_back(result.accuracy);
    }
  }  // frees the activations for the probes before the backward pass
  sum_.begin();
  engine::backward(pass.loss);
  model_.parameters.finish_gradients();
  sum_.finish();
  return pass;
}

std::vector<Measured> TrainStep::measured(const engine::StepRecord& record) const {
  EXPECTS(record.scalars.size() == scalars_.size() + 1, "step record: ", record.scalars.size(),
          " scalars, and the step measures ", scalars_.size() + 1);
  std::vector<Measured> all;
  for (std::size_t i = 0; i < scalars_.size(); ++i)
    all.push_back({scalars_[i], static_cast<double>(record.scalars[i])});
  all.push_back({{.name = "lr", .axis = {.label = "learning rate", .min = 0}}, record.learning_rate});
  all.push_back({{.name = "grad_norm", .axis = {.label = "gradient norm", .min = 0}},
                 static_cast<double>(record.scalars.back())});
  return all;
}

}  // namespace apps
