#include "apps/measure/priors.h"

#include <algorithm>

#include "kernels/prior.h"
#include "losses/sliced_wasserstein.h"

namespace apps {

using engine::Tensor;
using kernels::Prior;

std::vector<MeasuredPrior> measure_priors(const Tensor& z, const Tensor& unit, float scale, std::uint64_t seed) {
  const engine::Context& context = z.context();
  const Tensor step = Tensor::zeros(context, {1}, engine::Dtype::i32);
  const Tensor other_step = Tensor::from<std::int32_t>(context, {1}, {1});  // its sample is another one
  const Tensor sample = Tensor::empty(context, z.shape());
  std::vector<MeasuredPrior> measured;
  for (const std::string_view name : engine::kNames<Prior>) {
    const losses::SwdOptions options{.prior = *engine::named<Prior>(name),
                                     .prior_scale = scale,
                                     .projections = std::min(z.shape()[1], kMostDirections)};
    const auto distance = [&](const Tensor& rows) {
      return static_cast<double>(losses::sliced_wasserstein(rows, options, {.seed = seed, .step = step}).item());
    };
    kernels::draw_prior(
        context,
        {.seed = seed, .step = other_step, .prior = options.prior, .scale = options.prior_scale, .rows = sample});
    const bool unit_rows = options.prior == Prior::sphere;
    measured.push_back({.name = std::string(name),
                        .unit_rows = unit_rows,
                        .distance = distance(unit_rows ? unit : z),
                        .noise_floor = distance(sample)});
  }
  return measured;
}

}  // namespace apps
