#pragma once
#include <cstdint>

#include "apps/objectives/objective.h"
#include "kernels/augmentation.h"
#include "losses/contrastive.h"

namespace apps {

/// Contrastive pretraining: two crops of every image go through the encoder (together, or each view with its own batch
/// statistics), the projection head and L2 normalisation, to a loss that attracts the views of an image to each other.
class ContrastiveObjective final : public Objective {
 public:
  struct Options {
    losses::Options loss;
    bool batch_norm_per_view = false;
    kernels::AugmentationRules augmentation;
    std::int64_t seed = 1;  ///< seed of the crops, and of what the loss draws
    engine::Dtype activations = engine::Dtype::f32;
  };

  ContrastiveObjective(Network network, const Options& options);

  Outcome forward(const StepContext& step) override;
  const Network& network() const override { return network_; }

 private:
  losses::ContrastiveLoss contrast(const engine::Tensor& projections, const engine::StepClock& clock) const;

  Network network_;
  Options options_;
};

}  // namespace apps
