#pragma once
#include "engine/tensor.h"
#include "losses/step_draw.h"

/// The two terms of a variational autoencoder's loss (Kingma & Welling 2014), whose sum is the negative evidence lower
/// bound: bernoulli_nll + beta * kl, in nats per image. docs/objectives.md has the formulas.
namespace losses {

/// -log p(targets | z) of planes of independent Bernoulli numbers, summed over pixels and planes; the mean over images,
/// an f32 scalar. logits and targets [N,...], both f32 or both bf16; targets in [0,1] are not differentiated.
engine::Tensor bernoulli_nll(const engine::Tensor& logits, const engine::Tensor& targets);

/// A sample of N(mean, exp(log_variance)) for each row, and the divergence of these distributions from N(0, I), summed
/// over columns; the mean over rows, an f32 scalar. Both are differentiable.
struct LatentSample {
  engine::Tensor z, kl;
};
/// mean and log_variance f32 [N,d]; z [N,d] in `dtype`. The noise is drawn on the device, again in the backward pass.
LatentSample gaussian_latent(const engine::Tensor& mean, const engine::Tensor& log_variance, const StepDraw& draw,
                             engine::Dtype dtype = engine::Dtype::f32);

}  // namespace losses
