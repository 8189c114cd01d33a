#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/optim/step_clock.h"
#include "engine/parameters.h"
#include "kernels/optimizer.h"

namespace engine {

/// How an optimizer treats one parameter w.
struct Treatment {
  double l2 = 0;            ///< c of a term c * sum(w^2) of the loss: norms() reports it, the update adds its gradient
  double weight_decay = 0;  ///< added times w to the gradient, and no part of the loss
  bool adapts = false;      ///< LARS: moves at the rate of its trust ratio, not at the full one
};
using TreatmentOf = std::function<Treatment(const ParameterInfo&)>;

/// A tensor as it is called in files.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Moves a whole ParameterSet against its gradients: one pass over the flat buffers, and one before it for the norms.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// Adds what the gradient of `loss` does not contain yet (L2 terms, weight decay), notes the norms, and updates the
  /// parameters unless the loss or the gradient is not finite, which stops all further updates.
  void step(const Tensor& loss, const StepClock& clock);

  const Tensor& norms() const { return norms_; }  ///< [2] f32 of the last step: gradient norm, L2 terms of the loss
  /// What the updates remember from step to step: with it and the parameters a run goes on bit by bit.
  virtual std::vector<NamedTensor> state() const = 0;

 protected:
  Optimizer(const ParameterSet& parameters, const TreatmentOf& treatment);
  const Context& context() const { return values_.context(); }
  Tensor zeros() const { return Tensor::zeros(context(), values_.shape()); }  ///< as large as the values
  const Tensor& segment_norms() const { return segment_norms_; }              ///< [parameters, 2] f32: |w|, |g|

 private:
  virtual void update(const kernels::Update& update) = 0;

  Tensor values_, gradients_, shadow_;
  Tensor blocks_, decay_, penalty_;
  Tensor norms_, segment_norms_;
};

}  // namespace engine
