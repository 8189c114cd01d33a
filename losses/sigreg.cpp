#include "losses/sigreg.h"

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/convert.h"
#include "engine/ops/ranks.h"
#include "kernels/collectives.h"
#include "kernels/elementwise.h"
#include "kernels/epps_pulley.h"
#include "kernels/reduce.h"
#include "losses/random_slices.h"

namespace losses {

using engine::Grads;
using engine::Tensor;

Tensor sigreg(const Tensor& z, const SigregOptions& options, const StepDraw& draw) {
  const auto& [slices, knots, t_max, views] = options;
  EXPECTS(views > 0 && z.shape().rank() == 2 && z.shape()[0] > 0 && z.shape()[0] % views == 0 && z.shape()[1] > 0,
          "sigreg: z must be [views n, d], the rows of each view below the last's, got ", z.shape(), " for ", views,
          " views");
  EXPECTS(knots >= 2 && knots <= kernels::kMostKnots, "sigreg: the number of knots must be from 2 to ",
          kernels::kMostKnots, ", got ", knots);
  EXPECTS(t_max > 0 && std::isfinite(t_max), "sigreg: t_max must be a number above 0, got ", t_max);
  const Tensor rows = rows_of_all_ranks(convert(z, engine::Dtype::f32), views);
  const RandomSlices projections("sigreg", rows, slices, draw);
  const float factor = 1 / static_cast<float>(slices * views);
  const Tensor statistic = Tensor::empty(z.context(), {projections.count(), views}), y = Tensor::empty(z.context(), {});
  const auto test = [&, &views = views, &knots = knots, &t_max = t_max](const Tensor& x, std::int64_t first) {
    kernels::epps_pulley(x.context(), {.x = x,
                                       .groups = views,
                                       .knots = knots,
                                       .t_max = t_max,
                                       .statistic = statistic.narrow(first, x.shape()[0]),
                                       .gradient_factor = rows.wants_gradient() ? factor : 0});
  };
  const Tensor gradient = projections.for_each(rows.wants_gradient(), test);
  kernels::sum(z.context(), {.x = statistic, .factor = factor, .y = y});
  if (z.context().ranks() > 1) kernels::all_reduce(z.context(), {.x = y});
  return with_grad(y, {rows}, [gradient](const Tensor& dy, Grads& d) {
    kernels::scale_by(dy.context(), {.x = gradient, .scalar = dy, .y = d.into(0)});
  });
}

}  // namespace losses
