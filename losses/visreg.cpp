#include "losses/visreg.h"

#include "engine/autograd.h"
#include "engine/ops/convert.h"
#include "engine/ops/ranks.h"
#include "kernels/batch_norm.h"
#include "kernels/collectives.h"
#include "kernels/elementwise.h"
#include "kernels/prior.h"
#include "kernels/reduce.h"
#include "kernels/sliced_wasserstein.h"
#include "kernels/visreg.h"
#include "losses/random_slices.h"

namespace losses {
namespace {

using engine::Dtype;
using engine::Grads;
using engine::Tensor;

constexpr float kEpsilon = 1e-4f;

struct Standardized {
  Tensor rows, mean, std;
};

/// Writes the scale and the centre to `terms`.
Standardized standardize(const Tensor& z, std::int64_t views, const Tensor& terms) {
  const engine::Context& context = z.context();
  const std::int64_t n = z.shape()[0] / views, d = z.shape()[1];
  const Tensor moments = Tensor::empty(context, {views, 3, d}, Dtype::f64);
  for (std::int64_t view = 0; view < views; ++view) {
    kernels::batch_norm_moments(context,
                                {.x = z.narrow(view * n, n), .moments = moments.narrow(view, 1).view_as({3, d})});
  }
  const Standardized to{.rows = Tensor::empty(context, z.shape()),
                        .mean = Tensor::empty(context, {views, d}),
                        .std = Tensor::empty(context, {views, d})};
  kernels::visreg_standardize(
      context,
      {.x = z, .moments = moments, .epsilon = kEpsilon, .mean = to.mean, .std = to.std, .terms = terms, .y = to.rows});
  return to;
}

}  // namespace

Visreg visreg(const Tensor& z, const VisregOptions& options, const StepDraw& draw) {
  const std::int64_t views = options.views;
  EXPECTS(
      views > 0 && z.shape().rank() == 2 && z.shape()[0] >= 2 * views && z.shape()[0] % views == 0 && z.shape()[1] > 0,
      "visreg: z must be [views n, d] with n at least 2, the rows of each view below the last's, got ", z.shape(),
      " for ", views, " views");
  const engine::Context& context = z.context();
  const Tensor wide = rows_of_all_ranks(convert(z, Dtype::f32), views), terms = Tensor::empty(context, {kVisregTerms});
  const std::int64_t n = wide.shape()[0] / views;
  const Standardized standardized = standardize(wide.detach(), views, terms.narrow(kVisregScale, 2));

  const RandomSlices projections("visreg", standardized.rows, options.slices, draw);
  const Tensor quantiles = Tensor::empty(context, {n}), shapes = Tensor::empty(context, {projections.parts()});
  kernels::normal_quantiles(context, {.std = 1, .column = quantiles});
  const float factor = 1 / static_cast<float>(options.slices * views * n);
  const auto match = [&](const Tensor& x, std::int64_t first) {
    const Tensor slices = x.view_as({x.shape()[0] * views, n});
    kernels::sliced_wasserstein(context, {.projections = slices,
                                          .prior = quantiles,
                                          .factor = factor,
                                          .loss = shapes.narrow(first / projections.at_once(), 1),
                                          .gradient = wide.wants_gradient() ? engine::View(slices) : engine::View()});
  };
  const Tensor gradient = projections.for_each(wide.wants_gradient(), match);
  kernels::sum(context, {.x = shapes, .y = terms.narrow(kVisregShape, 1)});
  if (context.ranks() > 1) kernels::all_reduce(context, {.x = terms.narrow(kVisregShape, 1)});

  const Tensor loss = Tensor::empty(context, {});
  kernels::sum(context, {.x = terms, .y = loss});
  if (!gradient) return {.loss = loss, .terms = terms};
  kernels::visreg_gradient(context, {.y = standardized.rows,
                                     .mean = standardized.mean,
                                     .std = standardized.std,
                                     .epsilon = kEpsilon,
                                     .share = 1 / static_cast<float>(context.ranks()),
                                     .gradient = gradient});
  const auto backward = [gradient](const Tensor& dy, Grads& d) {
    kernels::scale_by(dy.context(), {.x = gradient, .scalar = dy, .y = d.into(0)});
  };
  return {.loss = with_grad(loss, {wide}, backward), .terms = terms};
}

}  // namespace losses
