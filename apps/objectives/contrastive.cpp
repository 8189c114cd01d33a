#include "apps/objectives/contrastive.h"

#include <utility>

#include "apps/objectives/encode.h"

namespace apps {

using engine::Tensor;

ContrastiveObjective::ContrastiveObjective(Network network, const Options& options)
    : network_(std::move(network)), options_(options) {}

losses::ContrastiveLoss ContrastiveObjective::contrast(const Tensor& projections,
                                                       const engine::StepClock& clock) const {
  const engine::LayerRange layer(projections.context(), "loss");
  const bool exact = options_.activations == engine::Dtype::f32;
  return losses::contrastive(
      projections, options_.loss,
      {.seed = static_cast<std::uint64_t>(options_.seed), .step = clock.status.narrow(kernels::kStatusStep, 1)},
      exact ? losses::Products::exact : losses::Products::bf16);
}

Outcome ContrastiveObjective::forward(const StepContext& step) {
  const Tensor views = step.batch.augmented_views(options_.augmentation, options_.seed, 2, options_.activations);
  Encoded encoded = encode(network_, views, options_.batch_norm_per_view ? 2 : 1, step.taps);
  const losses::ContrastiveLoss contrastive = contrast(encoded.rows, step.clock);
  Outcome outcome{.loss = contrastive.loss, .tapped = std::move(encoded.tapped)};
  const PlotAxis axis = losses::is_cross_entropy(options_.loss.name) ? kLossAxis : PlotAxis{.label = "loss"};
  record(outcome, contrastive, axis);
  return outcome;
}

}  // namespace apps
