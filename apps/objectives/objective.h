#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apps/evaluation/features.h"
#include "apps/evaluation/representation.h"
#include "apps/input/device_batch.h"
#include "apps/objectives/network.h"
#include "apps/run/scalar.h"
#include "data/contact_sheet.h"
#include "data/source.h"
#include "engine/optim/step_clock.h"
#include "engine/parameters.h"
#include "losses/contrastive_loss.h"

namespace apps {

/// The inputs of a step. Everything that changes from step to step is in device memory at fixed addresses.
struct StepContext {
  const DeviceBatch& batch;
  const engine::StepClock& clock;
  std::span<const std::string> taps;  ///< requested activations
};

/// A scalar of a step: f32, one element, on the device.
struct NamedScalar {
  Scalar scalar;
  engine::Tensor value;
};

/// Requested activations, for every view of a batch. They are detached from the graph: a stop-gradient.
struct Tapped {
  std::string tap;
  std::vector<engine::Tensor> views;  ///< [B,C] each
};

/// The results of an objective for a batch.
struct Outcome {
  engine::Tensor loss;                    ///< f32 scalar to minimise; differentiable
  std::vector<NamedScalar> scalars = {};  ///< recorded in this order in metrics.jsonl; the loss itself is "loss"
  std::vector<Tapped> tapped = {};        ///< one for each name in StepContext::taps

  /// Adds a scalar. Nothing else is needed to have it in metrics.jsonl and in the report.
  void record(Scalar scalar, engine::Tensor value) { scalars.push_back({std::move(scalar), std::move(value)}); }
};

/// Records a contrastive loss and its terms. `axis` is that of the loss.
void record(Outcome& outcome, const losses::ContrastiveLoss& loss, const PlotAxis& axis);

/// A way to pretrain: its networks, their forward pass and their loss. TrainStep does the rest of a step.
///
/// A step is captured once as a CUDA graph, which is then launched for every step. So both functions only issue work
/// for the device: they never wait, read no host value that changes between steps, and use the same memory in every
/// step. An objective stores its state in its parameters as a State, which checkpoints then contain.
class Objective {
 public:
  virtual ~Objective() = default;

  /// Called once, when the parameters have their initial values: for what starts as a copy of them, or at random.
  virtual void initialize([[maybe_unused]] const engine::ParameterSet& parameters,
                          [[maybe_unused]] std::uint64_t seed) {}
  virtual Outcome forward(const StepContext& step) = 0;
  /// Called after the parameters are updated: for exponential moving averages and queues. Its kernels must do nothing
  /// once `step.clock.status` says that a number was not finite.
  virtual void after_update([[maybe_unused]] const StepContext& step) {}

  /// Tensors beside the model's parameters that checkpoints contain; no two sets have a name in common.
  virtual std::vector<const engine::ParameterSet*> state() const { return {}; }

  /// What an evaluation measures of the objective itself, by the features of the test set.
  virtual std::vector<Scalar> evaluated() const { return {}; }
  /// The same with values.
  virtual std::vector<Measured> evaluate([[maybe_unused]] const Features& features) const { return {}; }

  /// The network that is pretrained, evaluated and exported.
  virtual const Network& network() const = 0;
  /// The features of an image for evaluations: the output of the pretrained encoder ("features"), or another activation
  /// that the network shows. Throws UsageError if there is none of that name.
  Representation representation(const std::string& tap) const;
  /// The rows that the loss compares, in inference mode, from the encoder's features [N,F] in f32: [N,d]. For an
  /// objective without a projection head these are the features.
  virtual engine::Tensor embeddings(const engine::Tensor& features) const;

  /// A picture of what has been learnt, from some of these examples; nothing for an objective that has none to show.
  /// The same parameters give the same picture.
  virtual std::optional<data::ContactSheet> samples([[maybe_unused]] const data::Source& examples) const { return {}; }
};

}  // namespace apps
