#pragma once
#include <functional>

#include "engine/optim/training_status.h"
#include "engine/parameters.h"

namespace engine {

struct AdamOptions {
  float beta1 = 0.9f, beta2 = 0.999f;
  float epsilon = 1e-7f;  ///< outside the bias correction, as in Keras
};

/// Adam over a whole ParameterSet: one pass over the flat buffers, and one before it for the norm.
class Adam {
 public:
  /// `l2(parameter)` is the c of a term c * sum(w^2) in the loss, whose gradient the update adds.
  Adam(const ParameterSet& parameters, AdamOptions options, const std::function<float(const ParameterInfo&)>& l2);

  /// Adds what the loss does not contain yet (the L2 term's gradient), notes the norm, and updates the parameters
  /// unless the loss or the gradient is not finite, which stops all further updates.
  void step(const Tensor& loss, const TrainingStatus& status);

  const Tensor& norms() const { return norms_; }  ///< [2] f32 of the last step: gradient norm, L2 term of the loss
  const Tensor& first_moment() const { return first_; }
  const Tensor& second_moment() const { return second_; }

 private:
  Tensor values_, gradients_, first_, second_;
  Tensor blocks_, l2_, norms_;
  AdamOptions options_;
};

}  // namespace engine
