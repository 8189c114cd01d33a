#include "losses/vae.h"

#include "engine/autograd.h"
#include "kernels/bernoulli_nll.h"
#include "kernels/gaussian_latent.h"

namespace losses {

using engine::Dtype;
using engine::Grads;
using engine::Tensor;

Tensor bernoulli_nll(const Tensor& logits, const Tensor& targets) {
  EXPECTS(logits.shape() == targets.shape() && logits.shape().rank() > 0 && logits.dtype() == targets.dtype(),
          "bernoulli_nll: expected logits and targets of one shape [N,...] and one dtype, got ", logits.shape(), " ",
          engine::name(logits.dtype()), " and ", targets.shape(), " ", engine::name(targets.dtype()));
  const Tensor loss = Tensor::empty(logits.context(), {});
  kernels::bernoulli_nll_forward(logits.context(), {.logits = logits, .targets = targets, .loss = loss});
  const auto backward = [logits = logits.detach(), targets = targets.detach()](const Tensor& dloss, Grads& d) {
    kernels::bernoulli_nll_backward(dloss.context(),
                                    {.dloss = dloss, .logits = logits, .targets = targets, .dlogits = d.into(0)});
  };
  return with_grad(loss, {logits}, backward);
}

LatentSample gaussian_latent(const Tensor& mean, const Tensor& log_variance, const StepDraw& draw, Dtype dtype) {
  EXPECTS(mean.shape().rank() == 2 && mean.shape() == log_variance.shape() && mean.dtype() == Dtype::f32 &&
              log_variance.dtype() == Dtype::f32,
          "gaussian_latent: expected mean and log_variance f32 of one shape [N,d], got ", mean.shape(), " ",
          engine::name(mean.dtype()), " and ", log_variance.shape(), " ", engine::name(log_variance.dtype()));
  const engine::Context& context = mean.context();
  const Tensor z = Tensor::empty(context, mean.shape(), dtype), kl = Tensor::empty(context, {});
  kernels::gaussian_latent_forward(context, {.mean = mean,
                                             .log_variance = log_variance,
                                             .seed = draw.seed,
                                             .step = draw.step,
                                             .part = context.communicator().rank(),
                                             .parts = context.ranks(),
                                             .z = z,
                                             .kl = kl});
  // Each of the two outputs adds its part of both gradients.
  const auto backward = [mean = mean.detach(), log_variance = log_variance.detach(), draw](
                            const engine::ConstView& dz, const engine::ConstView& dkl, Grads& d) {
    kernels::gaussian_latent_backward(mean.context(),
                                      {.dz = dz,
                                       .dkl = dkl,
                                       .mean = mean,
                                       .log_variance = log_variance,
                                       .seed = draw.seed,
                                       .step = draw.step,
                                       .part = mean.context().communicator().rank(),
                                       .parts = mean.context().ranks(),
                                       .dmean = d.wants(0) ? d.into(0) : engine::Destination(),
                                       .dlog_variance = d.wants(1) ? d.into(1) : engine::Destination()});
  };
  return {.z = with_grad(z, {mean, log_variance},
                         [backward](const Tensor& dz, Grads& d) { backward(dz, engine::ConstView(), d); }),
          .kl = with_grad(kl, {mean, log_variance},
                          [backward](const Tensor& dkl, Grads& d) { backward(engine::ConstView(), dkl, d); })};
}

}  // namespace losses
