#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/optim/step_clock.h"
#include "engine/parameters.h"
#include "kernels/optimizer.h"

namespace engine {

/// How an optimizer updates one parameter w.
struct Treatment {
  double l2 = 0;            ///< c of a loss term c * sum(w^2): norms() contains it, the update adds its gradient
  double weight_decay = 0;  ///< this times w is added to the gradient, but not to the loss
  bool adapts = false;      ///< LARS: uses the trust ratio instead of the full rate
};
using TreatmentOf = std::function<Treatment(const ParameterInfo&)>;

/// A tensor with its name in files.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Updates a whole ParameterSet by its gradients: one pass over the flat buffers, and one before it for the norms.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// Adds what the gradient of `loss` does not contain (L2 terms, weight decay), records the norms and updates the
  /// parameters. If the loss or the gradient is not finite, this and all later updates do nothing.
  void step(const Tensor& loss, const StepClock& clock);

  const Tensor& norms() const { return norms_; }  ///< [2] f32 of the last step: gradient norm, L2 terms of the loss
  /// The state between steps: with it and the parameters, a run continues with the same bits.
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
