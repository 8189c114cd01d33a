#include "engine/ops/batch_norm.h"

#include "engine/autograd.h"
#include "kernels/batch_norm.h"
#include "kernels/collectives.h"

namespace engine {
namespace {

/// Of the rows of all ranks, or of x alone: f64 [3,C].
Tensor moments_of(const Tensor& x, bool over_ranks) {
  const Context& context = x.context();
  const Tensor moments = Tensor::empty(context, {3, x.shape().cols()}, Dtype::f64);
  if (!over_ranks) {
    kernels::batch_norm_moments(context, {.x = x, .moments = moments});
    return moments;
  }
  const Communicator& ranks = context.communicator();
  const Tensor parts = Tensor::empty(context, {ranks.ranks(), 3, x.shape().cols()}, Dtype::f64);
  kernels::batch_norm_moments(context, {.x = x, .moments = parts.narrow(ranks.rank(), 1).view_as(moments.shape())});
  kernels::all_gather(context, {.x = parts});
  kernels::batch_norm_merge(context, {.parts = parts, .moments = moments});
  return moments;
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, const RunningStatistics& running, Mode mode,
                  const BatchNormOptions& options, const BatchNormEpilogue& epilogue) {
  const Context& context = x.context();
  const Shape channels{x.shape().cols()};
  const Tensor& residual = epilogue.residual;
  const bool relu = epilogue.relu;
  EXPECTS(x.shape().rank() >= 2 && gamma.shape() == channels && (!beta || beta.shape() == channels),
          "batch_norm: x must be [...,C] with gamma and beta [C], got x ", x.shape(), " and gamma ", gamma.shape());
  EXPECTS(!residual || residual.shape() == x.shape(), "batch_norm: the residual must have x's shape ", x.shape(),
          ", got ", residual.shape());

  const bool over_ranks = mode == Mode::train && options.over_ranks && context.ranks() > 1;
  Tensor mean = Tensor::empty(context, channels), inv_std = Tensor::empty(context, channels);
  Tensor rows;  // of the batch, on the device
  if (mode == Mode::train) {
    const Tensor moments = moments_of(x, over_ranks);
    kernels::batch_norm_finish(context, {.moments = moments,
                                         .mean = mean,
                                         .inv_std = inv_std,
                                         .running_mean = running.mean,
                                         .running_variance = running.variance,
                                         .batches = running.batches,
                                         .epsilon = options.epsilon,
                                         .momentum = options.momentum,
                                         .unbiased = options.unbiased_variance});
    rows = moments.narrow(0, 1);
  } else {
    kernels::batch_norm_running(context, {.running_mean = running.mean,
                                          .running_variance = running.variance,
                                          .mean = mean,
                                          .inv_std = inv_std,
                                          .epsilon = options.epsilon});
  }
  Tensor y = Tensor::empty(context, x.shape(), x.dtype());
  kernels::batch_norm_apply(context, {.x = x,
                                      .residual = residual,
                                      .mean = mean,
                                      .inv_std = inv_std,
                                      .gamma = gamma,
                                      .beta = beta,
                                      .y = y,
                                      .relu = relu});

  const Tensor mask = relu && residual ? y : Tensor();  // without a residual, the sign before the ReLU follows from x
  return with_grad(y, {x, gamma, beta, residual},
                   [x = x.detach(), gamma = gamma.detach(), beta = beta.detach(), mask, mean, inv_std, rows, relu,
                    over_ranks](const Tensor& dy, Grads& d) {
                     const Context& on = dy.context();
                     Tensor sums = Tensor::empty(on, {2, x.shape().cols()});
                     kernels::batch_norm_backward_sums(on, {.x = x,
                                                            .dy = dy,
                                                            .y = mask,
                                                            .mean = mean,
                                                            .inv_std = inv_std,
                                                            .gamma = gamma,
                                                            .beta = beta,
                                                            .sums = sums,
                                                            .dgamma = d.wants(1) ? d.into(1) : Destination{},
                                                            .dbeta = d.wants(2) ? d.into(2) : Destination{},
                                                            .relu = relu});
                     if (!d.wants(0) && !d.wants(3)) return;
                     if (over_ranks) kernels::all_reduce(on, {.x = sums});
                     kernels::batch_norm_backward_apply(on, {.x = x,
                                                             .dy = dy,
                                                             .y = mask,
                                                             .mean = mean,
                                                             .inv_std = inv_std,
                                                             .gamma = gamma,
                                                             .beta = beta,
                                                             .sums = sums,
                                                             .rows = rows,
                                                             .dx = d.wants(0) ? d.into(0) : Destination{},
                                                             .dresidual = d.wants(3) ? d.into(3) : Destination{},
                                                             .relu = relu});
                   });
}

}  // namespace engine
