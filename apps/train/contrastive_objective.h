#pragma once
#include <cstdint>

#include "apps/train/network.h"
#include "apps/train/objective.h"
#include "kernels/crop_sampler.h"
#include "losses/contrastive.h"

namespace apps {

/// Contrastive pretraining: two crops of every image through the encoder (together, or view by view with batch norm
/// statistics of their own), the projection head, L2 normalisation, and a loss that draws the views of an image
/// together.
class ContrastiveObjective final : public Objective {
 public:
  struct Options {
    losses::Options loss;
    bool batch_norm_per_view = false;
    kernels::CropRange crops;
    std::int64_t seed = 1;  ///< of the crops
    engine::Dtype activations = engine::Dtype::f32;
  };

  ContrastiveObjective(Network network, const Options& options);

  Outcome forward(const StepContext& step) override;
  Representation representation(const std::string& tap) const override {
    return {*network_.encoder, network_.projector, tap};
  }

 private:
  struct Encoded;
  Encoded encode(const engine::Tensor& views, std::span<const std::string> taps) const;
  losses::ContrastiveLoss contrast(const Encoded& encoded) const;

  Network network_;
  Options options_;
};

}  // namespace apps
