#include "losses/sliced_wasserstein.h"

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/convert.h"
#include "engine/ops/ranks.h"
#include "kernels/collectives.h"
#include "kernels/directions.h"
#include "kernels/elementwise.h"
#include "kernels/linear.h"
#include "kernels/sliced_wasserstein.h"
#include "losses/random_slices.h"

namespace losses {
namespace {

using engine::Context;
using engine::Dtype;
using engine::Grads;
using engine::Shape;
using engine::Tensor;
using engine::View;

void check_rows(const Tensor& z) {
  EXPECTS(z.shape().rank() == 2 && z.shape()[0] > 0 && z.shape()[1] > 0 &&
              (z.dtype() == Dtype::f32 || z.dtype() == Dtype::bf16),
          "sliced_wasserstein: z must be f32 or bf16 [N,d] with at least one row and one column, got ",
          engine::name(z.dtype()), " ", z.shape());
}

/// [k,N]: the projections of each row onto each direction, slice by slice.
Tensor slices_of(const Tensor& rows, const Tensor& directions) {
  Tensor slices = Tensor::empty(rows.context(), {directions.shape()[0], rows.shape()[0]});
  kernels::linear_forward(rows.context(), {.x = directions, .weight = rows, .bias = {}, .y = slices});
  return slices;
}

/// The part that these directions have in the loss of rows f32 [N,d] along k directions. `prior`: f32 [directions,N],
/// or [N] ascending.
Tensor matched(const Tensor& z, const Tensor& directions, std::int64_t k, const Tensor& prior, Scaling scaling) {
  const Context& context = z.context();
  const std::int64_t n = z.shape()[0], d = z.shape()[1];
  const auto divisor = static_cast<double>(k) * static_cast<double>(scaling == Scaling::notebook ? n : d);
  const Tensor slices = slices_of(z, directions), loss = Tensor::empty(context, Shape());
  kernels::sliced_wasserstein(context, {.projections = slices,
                                        .prior = prior,
                                        .factor = static_cast<float>(1 / divisor),
                                        .loss = loss,
                                        .gradient = z.wants_gradient() ? View(slices) : View()});
  // dz = dloss * dslices^T directions
  return with_grad(loss, {z}, [slices, directions](const Tensor& dloss, Grads& grads) {
    const Context& on = dloss.context();
    const Tensor scaled = Tensor::empty(on, directions.shape());
    kernels::scale_by(on, {.x = directions, .scalar = dloss, .y = {scaled}});
    kernels::linear_wgrad(on, {.dy = slices, .x = scaled, .dweight = grads.into(0)});
  });
}

}  // namespace

Tensor sliced_wasserstein(const Tensor& z, const SwdOptions& options, const StepDraw& draw) {
  check_rows(z);
  const Context& context = z.context();
  const std::int64_t d = z.shape()[1], k = options.projections == 0 ? d : options.projections;
  EXPECTS(k >= 1 && k <= d, "sliced_wasserstein: projections must be 1 to ", d,
          ", the columns of z, since no more directions are orthogonal (0: ", d, "), got ", options.projections);
  EXPECTS(options.prior_scale > 0 && std::isfinite(options.prior_scale),
          "sliced_wasserstein: prior_scale must be a number above 0, got ", options.prior_scale);
  EXPECTS(
      options.sample == PriorSample::drawn || options.prior == kernels::Prior::normal,
      "sliced_wasserstein: quantiles need the normal prior, whose projections are the same for all directions, got ",
      engine::kNames<kernels::Prior>[static_cast<std::size_t>(options.prior)], "; draw its sample");
  expect_slices("sliced_wasserstein", k, context.ranks());
  const Tensor rows = engine::rows_of_all_ranks(engine::convert(z, Dtype::f32));
  const std::int64_t n = rows.shape()[0];
  // All are drawn together, as they are orthogonal; each rank takes some.
  const Tensor all_directions = Tensor::empty(context, {k, d});
  kernels::draw_directions(context, {.seed = draw.seed,
                                     .step = options.fixed_directions ? engine::ConstView() : draw.step,
                                     .directions = all_directions});
  const engine::Share own = engine::share_of_rank(context, k);
  const Tensor directions = all_directions.narrow(own.first, own.count);
  const auto prior = [&] {
    switch (options.sample) {
      case PriorSample::drawn: {
        const Tensor sample = Tensor::empty(context, {n, d});
        kernels::draw_prior(context, {.seed = draw.seed,
                                      .step = draw.step,
                                      .prior = options.prior,
                                      .scale = options.prior_scale,
                                      .rows = sample});
        return slices_of(sample, directions);
      }
      case PriorSample::quantiles: break;
    }
    const Tensor column = Tensor::empty(context, {n});
    kernels::normal_quantiles(context, {.std = options.prior_scale, .column = column});
    return column;
  };
  const Tensor loss = matched(rows, directions, k, prior(), options.scaling);
  if (context.ranks() > 1) kernels::all_reduce(context, {.x = loss});
  return loss;
}

Tensor sliced_wasserstein(const Tensor& z, const Tensor& directions, const Tensor& prior, Scaling scaling) {
  check_rows(z);
  EXPECTS(directions.dtype() == Dtype::f32 && directions.shape().rank() == 2 && directions.shape()[1] == z.shape()[1] &&
              prior.dtype() == Dtype::f32 && prior.shape() == z.shape(),
          "sliced_wasserstein: directions must be f32 [k,d] and prior f32 [N,d] for z [N,d], got directions ",
          directions.shape(), ", prior ", prior.shape(), " and z ", z.shape());
  return matched(engine::convert(z, Dtype::f32), directions.detach(), directions.shape()[0],
                 slices_of(prior, directions), scaling);
}

}  // namespace losses
