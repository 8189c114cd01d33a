#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apps/evaluation/representation.h"
#include "apps/input/device_batch.h"
#include "apps/run/scalar.h"
#include "engine/optim/step_clock.h"

namespace apps {

/// What a step is given. All that changes from step to step is in device memory, in the same place each time.
struct StepContext {
  const DeviceBatch& batch;
  const engine::StepClock& clock;
  std::span<const std::string> taps;  ///< activations that somebody wants to see
};

/// A scalar of a step: f32, one element, on the device.
struct NamedScalar {
  Scalar scalar;
  engine::Tensor value;
};

/// Activations of every view of a batch, for whoever asked for them. Without their graph: a stop-gradient.
struct Tapped {
  std::string tap;
  std::vector<engine::Tensor> views;  ///< [B,C] each
};

/// What an objective makes of a batch.
struct Outcome {
  engine::Tensor loss;                    ///< f32 scalar, what is minimised; differentiable
  std::vector<NamedScalar> scalars = {};  ///< to be recorded, in the order of metrics.jsonl; the loss itself is "loss"
  std::vector<Tapped> tapped = {};        ///< one for each of StepContext::taps

  /// Adds a scalar: that is all it takes to have it in metrics.jsonl and drawn.
  void record(Scalar scalar, engine::Tensor value) { scalars.push_back({std::move(scalar), std::move(value)}); }
};

/// What a run trains its networks for: the networks beside the encoder, their forward pass and their loss. It is all
/// that a way to pretrain adds; TrainStep does the rest of the step.
///
/// A step is recorded once as a CUDA graph and replayed. So both functions only issue work for the device: they wait
/// for nothing, read nothing that the host changes from step to step, and use the same memory each time. What an
/// objective keeps from step to step it adds to its parameters as a State, which checkpoints then hold.
class Objective {
 public:
  virtual ~Objective() = default;

  virtual Outcome forward(const StepContext& step) = 0;
  /// After the parameters have been updated: moving averages, queues. To be left undone, on the device, when
  /// `step.clock.status` says that a number was not finite.
  virtual void after_update([[maybe_unused]] const StepContext& step) {}

  /// What evaluations take for the features of an image: the output of the encoder that is pretrained ("features"), or
  /// one of the other activations that `forward` can show. Throws UsageError when there is none of that name.
  virtual Representation representation(const std::string& tap) const = 0;
};

}  // namespace apps
