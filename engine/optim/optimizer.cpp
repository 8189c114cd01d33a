#include "engine/optim/optimizer.h"

#include "engine/optim/segments.h"

namespace engine {

Optimizer::Optimizer(const ParameterSet& parameters, const TreatmentOf& treatment)
    : values_(parameters.values()),
      gradients_(parameters.gradients()),
      shadow_(parameters.shadow()),
      blocks_(segment_blocks(parameters)) {
  decay_ = segment_settings(parameters, [&](const ParameterInfo& info) {
    const Treatment t = treatment(info);
    return 2 * t.l2 + t.weight_decay;
  });
  penalty_ = segment_settings(parameters, [&](const ParameterInfo& info) { return treatment(info).l2; });
  norms_ = Tensor::zeros(context(), {2});
  segment_norms_ = Tensor::zeros(context(), {decay_.elements(), 2});
}

void Optimizer::step(const Tensor& loss, const StepClock& clock) {
  kernels::gradient_norm(context(), {.gradient = gradients_,
                                     .value = values_,
                                     .blocks = blocks_,
                                     .decay = decay_,
                                     .penalty = penalty_,
                                     .loss = loss,
                                     .norms = norms_,
                                     .segment_norms = segment_norms_,
                                     .status = clock.status});
  update({.value = values_,
          .gradient = gradients_,
          .shadow = shadow_,
          .blocks = blocks_,
          .decay = decay_,
          .learning_rates = clock.learning_rates,
          .status = clock.status});
}

}  // namespace engine
