#pragma once
#include <vector>

#include "apps/train/model.h"
#include "engine/gradient_sum.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/training_status.h"

namespace apps {

/// One training step of any objective: zero gradients, forward, backward, sum over the ranks, update, record. It is the
/// only place that combines these. Every rank does the same update of its own copy of the parameters.
class TrainStep {
 public:
  /// Both must outlive it.
  TrainStep(Model& model, engine::Optimizer& optimizer, const engine::GradientSum::Options& sum = {});

  /// Issues the whole step for the device, so that it can be captured as a CUDA graph. Returns the minimised loss: the
  /// sum of the objective's and the probes' losses.
  engine::Tensor run(const DeviceBatch& batch, engine::TrainingStatus& status);
  /// The part that needs the most memory: computes the gradients of the model's parameters without an update.
  engine::Tensor gradients(const DeviceBatch& batch, const engine::StepClock& clock);

  /// The named scalars of a step's record, in the order of metrics.jsonl. At least one step must have been issued.
  std::vector<Measured> measured(const engine::StepRecord& record) const;

 private:
  struct Pass {
    engine::Tensor loss;
    std::vector<NamedScalar> scalars;
  };
  Pass forward_and_backward(const StepContext& step);

  Model& model_;
  engine::Optimizer& optimizer_;
  engine::GradientSum sum_;
  std::vector<std::string> taps_;
  std::vector<Scalar> scalars_;  // of the objective and the probes, as in earlier steps
};

}  // namespace apps
