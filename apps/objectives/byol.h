#pragma once
#include <cstdint>
#include <vector>

#include "apps/objectives/momentum_encoder.h"
#include "apps/objectives/objective.h"
#include "kernels/augmentation.h"
#include "models/projection_head.h"

namespace apps {

/// Bootstrap your own latent (BYOL; Grill et al. 2020): from one crop of an image a predictor predicts what a momentum
/// encoder, the target network, makes of the other crop, in both directions. There are no negatives.
class ByolObjective final : public Objective {
 public:
  struct Options {
    bool batch_norm_per_view = false;
    kernels::AugmentationRules augmentation;
    std::int64_t seed = 1;  ///< of the crops
    engine::Dtype activations = engine::Dtype::f32;
  };

  /// `predictor` maps projections to projections.
  ByolObjective(Network network, models::ProjectionHead predictor, MomentumEncoder target, const Options& options);

  void initialize(const engine::ParameterSet& parameters, std::uint64_t) override { target_.initialize(parameters); }
  Outcome forward(const StepContext& step) override;
  void after_update(const StepContext& step) override { target_.follow(step.clock); }
  std::vector<const engine::ParameterSet*> state() const override { return {&target_.parameters()}; }
  const Network& network() const override { return network_; }

 private:
  engine::Tensor predict(const engine::Tensor& projections, std::int64_t passes) const;

  Network network_;
  models::ProjectionHead predictor_;
  MomentumEncoder target_;
  Options options_;
};

}  // namespace apps
