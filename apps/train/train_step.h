#pragma once
#include <vector>

#include "apps/train/model.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/training_status.h"

namespace apps {

/// One training step, whatever the objective: gradients to zero, forward, backward, update, record. Nothing else in the
/// programs puts these together.
class TrainStep {
 public:
  /// Both must outlive it.
  TrainStep(Model& model, engine::Optimizer& optimizer);

  /// Issues the step, all of it for the device: it may be recorded and replayed. Returns what was minimised, the
  /// objective's loss and those of the probes.
  engine::Tensor run(const DeviceBatch& batch, engine::TrainingStatus& status);
  /// The part of it that takes the memory: leaves the gradients in the model's parameters and changes none.
  engine::Tensor gradients(const DeviceBatch& batch, const engine::StepClock& clock);

  /// The scalars of a step's record by name, in the order of metrics.jsonl. Some step must have been issued before.
  std::vector<Measured> measured(const engine::StepRecord& record) const;

 private:
  struct Pass {
    engine::Tensor loss;
    std::vector<NamedScalar> scalars;
  };
  Pass forward_and_backward(const StepContext& step);

  Model& model_;
  engine::Optimizer& optimizer_;
  std::vector<std::string> taps_;
  std::vector<Scalar> scalars_;  // of the objective and the probes, as in the steps before
};

}  // namespace apps
