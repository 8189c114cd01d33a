#include "losses/contrastive.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/elementwise.h"
#include "engine/ops/l2_normalize.h"
#include "engine/ops/ranks.h"
#include "kernels/temperature_schedule.h"
#include "losses/alignment.h"
#include "losses/sigreg.h"
#include "losses/sliced_wasserstein.h"
#include "losses/visreg.h"

namespace losses {
namespace {

/// Between two temperatures, by the step on the device.
Temperature between(const Tensor& z, const Options& options, const StepDraw& draw) {
  const float low = *options.temperature, high = options.temperature_high;
  EXPECTS(low > 0 && high >= low && std::isfinite(high),
          "contrastive: a schedule's temperatures must be numbers above 0, the lower one first, got ", low, " and ",
          high);
  const double period = options.temperature_period * static_cast<double>(options.steps_per_epoch);
  const Tensor now = Tensor::empty(z.context(), {});
  kernels::temperature_schedule(z.context(), {.step = draw.step,
                                              .low = low,
                                              .high = high,
                                              .period = std::max<std::int64_t>(1, std::llround(period)),
                                              .temperature = now});
  return {.value = low, .now = now};
}

Temperature temperature_at(const Tensor& z, const Options& options, const StepDraw& draw) {
  switch (options.temperature_schedule) {
    case TemperatureSchedule::constant: return {.value = *options.temperature};
    case TemperatureSchedule::cosine: return between(z, options, draw);
  }
  return {};
}

SimilarityOptions similarity_options(const Tensor& z, const Options& options, const StepDraw& draw, Products products) {
  return {.temperature = temperature_at(z, options, draw),
          .ifm_epsilon = options.ifm_epsilon,
          .hard_negative_beta = options.hard_negative_beta,
          .debias_tau_plus = options.debias_tau_plus,
          .products = products,
          .unit_rows = *options.normalize};
}

/// The alignment's factor: notebook, 1/(2nd) over the n pairs of rows; paper, 1/(nd) over the 2n ordered pairs.
float alignment_factor(const Tensor& z, Scaling scaling) {
  const float elements = 0.5f * static_cast<float>(z.elements());  // of a view
  switch (scaling) {
    case Scaling::notebook: return 0.5f / elements;
    case Scaling::paper: return 2 / elements;
  }
  return 0;
}

/// The alignment of the examples of all ranks, with the factor that is right for those of one.
Tensor alignment_of_all(const Tensor& z, float factor) { return engine::mean_over_ranks(alignment(z, factor)); }

/// Of alignment and distribution in a loss.
struct Weights {
  float alignment, distribution;
};
ContrastiveLoss weighted(const Tensor& alignment, const Tensor& distribution, const Weights& weights,
                         const Tensor& accuracy = {}) {
  return {.loss = engine::add(engine::scale(alignment, weights.alignment),
                              engine::scale(distribution, weights.distribution)),
          .alignment = alignment.detach(),
          .distribution = distribution.detach(),
          .accuracy = accuracy};
}

ContrastiveLoss decoupled(const Tensor& z, const Options& options, const Temperature& temperature, Products products) {
  const bool paper = options.scaling == Scaling::paper;
  const Distribution spread = log_sum_exp_distribution(z, {.temperature = temperature,
                                                           .with_self = options.self_pair,
                                                           .times_temperature = options.temperature_factor,
                                                           .minus_log_width = !paper,
                                                           .products = products,
                                                           .unit_rows = *options.normalize});
  // The paper divides the sum over 2n rows by n.
  return weighted(alignment_of_all(z, alignment_factor(z, options.scaling)),
                  paper ? engine::scale(spread.loss, 2) : spread.loss,
                  {.alignment = options.scale, .distribution = options.scale * *options.lambda}, spread.accuracy);
}

ContrastiveLoss swd(const Tensor& z, const Options& options, const StepDraw& draw) {
  const Tensor distance = sliced_wasserstein(z,
                                             {.prior = options.prior,
                                              .prior_scale = options.prior_scale,
                                              .sample = options.prior_sample,
                                              .projections = *options.slices,
                                              .fixed_directions = options.fixed_directions,
                                              .scaling = options.scaling},
                                             draw);
  return weighted(alignment_of_all(z, alignment_factor(z, options.scaling)), distance,
                  {.alignment = options.scale, .distribution = options.scale * *options.lambda});
}

/// (1 - lambda) A + lambda D, where A is the mean squared distance to the centre of an image's views: a quarter of the
/// mean squared distance of two views.
ContrastiveLoss of_centre(const Tensor& z, const Tensor& distribution, float lambda) {
  EXPECTS(lambda <= 1, "contrastive: lambda must be at most 1, as 1 - lambda weighs the alignment, got ", lambda);
  return weighted(alignment_of_all(z, 0.25f / (0.5f * static_cast<float>(z.elements()))), distribution,
                  {.alignment = 1 - lambda, .distribution = lambda});
}

}  // namespace

ContrastiveLoss contrastive(const Tensor& z, const Options& chosen, const StepDraw& draw, Products products) {
  EXPECTS(z.shape().rank() == 2 && z.shape()[0] > 0 && z.shape()[0] % 2 == 0,
          "contrastive: z must be [2n,d], the rows of view 1 above those of view 2, got ", z.shape());
  const Options options = chosen.resolved();
  EXPECTS(*options.lambda >= 0 && std::isfinite(*options.lambda),
          "contrastive: lambda must be a number from 0 on, got ", *options.lambda);
  const Tensor x = *options.normalize ? engine::l2_normalize(z) : z;
  const auto similarity = [&] { return similarity_options(z, options, draw, products); };
  switch (options.name) {
    case LossName::nt_xent: return nt_xent(x, similarity());
    case LossName::cross_view: return cross_view(x, similarity());
    case LossName::decoupled: return decoupled(x, options, temperature_at(z, options, draw), products);
    case LossName::swd: return swd(x, options, draw);
    case LossName::sigreg: {
      const SigregOptions test{.slices = *options.slices, .knots = options.knots, .t_max = options.knot_range};
      return of_centre(x, sigreg(x, test, draw), *options.lambda);
    }
    case LossName::visreg: return of_centre(x, visreg(x, {.slices = *options.slices}, draw).loss, *options.lambda);
  }
  throw engine::Error("contrastive: the loss has no such name");
}

ContrastiveLoss against_queue(const Tensor& z, const Tensor& keys, const Tensor& queued, const Options& options,
                              const StepDraw& draw, Products products) {
  SimilarityOptions similarity = similarity_options(z, options.resolved(), draw, products);
  similarity.unit_rows = true;
  return queue(engine::l2_normalize(z), keys, queued, similarity);
}

}  // namespace losses
