#pragma once
#include <cstdint>

#include "apps/objectives/objective.h"
#include "kernels/augmentation.h"
#include "models/decoder.h"
#include "models/linear.h"

namespace apps {

/// A variational autoencoder (Kingma & Welling 2014) of one crop of every image: two linear layers make means and
/// variances of latent variables from the encoder's features, and a decoder reconstructs the crop, its bits included,
/// from a sample of them. The loss is the negative evidence lower bound, with beta times the divergence (Higgins et al.
/// 2017).
class VaeObjective final : public Objective {
 public:
  struct Options {
    float beta = 1;
    kernels::AugmentationRules augmentation, evaluation;
    std::int64_t seed = 1;  ///< of the crops and of the latent variables' noise
    engine::Dtype activations = engine::Dtype::f32;
  };
  /// From features to the latent variables' means and the logarithms of their variances.
  struct Latent {
    models::Linear mean, log_variance;
  };

  VaeObjective(Network network, Latent latent, models::Decoder decoder, const Options& options);

  Outcome forward(const StepContext& step) override;
  std::vector<Scalar> evaluated() const override { return {kActiveUnits}; }
  std::vector<Measured> evaluate(const Features& features) const override;
  const Network& network() const override { return network_; }
  /// The means of the latent variables.
  engine::Tensor embeddings(const engine::Tensor& features) const override;
  /// Images and what the decoder makes of their means.
  std::optional<data::ContactSheet> samples(const data::Source& examples) const override;

 private:
  /// Latent variables whose mean differs between images, by a variance above 0.01 (Burda et al. 2016): those that the
  /// network uses.
  inline static const Scalar kActiveUnits{.name = "active_units", .axis = {.label = "latent variables", .min = 0}};

  Network network_;
  Latent latent_;
  models::Decoder decoder_;
  Options options_;
};

}  // namespace apps
