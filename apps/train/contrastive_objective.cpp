#include "apps/train/contrastive_objective.h"

#include <utility>

#include "engine/ops/rows.h"

namespace apps {

using engine::Mode;
using engine::Tensor;

struct ContrastiveObjective::Encoded {
  Tensor projections;  // [2B,d], the rows of view 1 above those of view 2
  std::vector<Tapped> tapped;
};

ContrastiveObjective::ContrastiveObjective(Network network, const Options& options)
    : network_(std::move(network)), options_(options) {}

ContrastiveObjective::Encoded ContrastiveObjective::encode(const Tensor& views,
                                                           std::span<const std::string> taps) const {
  const auto& s = views.shape();
  Encoded encoded;
  for (const std::string& tap : taps) encoded.tapped.push_back({.tap = tap, .views = {}});
  const auto forward = [&](const Tensor& images) {
    models::Taps shown({taps.begin(), taps.end()});
    const Tensor features = network_.encoder->forward(images, Mode::train, &shown);
    shown.offer(Representation::kFeatures, features);
    Tensor z = network_.projector.forward(features, Mode::train, &shown);
    for (Tapped& tapped : encoded.tapped) {
      const Tensor activation = shown.features(tapped.tap).detach();
      for (std::int64_t begin = 0; begin < images.shape()[0]; begin += s[1])
        tapped.views.push_back(activation.narrow(begin, s[1]));
    }
    return z;
  };
  if (options_.batch_norm_per_view) {
    const auto of_view = [&](int view) { return forward(views.narrow(view, 1).view_as({s[1], s[2], s[3], s[4]})); };
    const Tensor first = of_view(0), second = of_view(1);
    encoded.projections = engine::concat_rows(first, second);
  } else {
    encoded.projections = forward(views.view_as({2 * s[1], s[2], s[3], s[4]}));
  }
  return encoded;
}

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
  const Tensor views = step.batch.augmented_views(options_.crops, options_.seed, 2, options_.activations);
  Encoded encoded = encode(views, step.taps);
  const losses::ContrastiveLoss contrastive = contrast(encoded.projections, step.clock);
  Outcome outcome{.loss = contrastive.loss, .tapped = std::move(encoded.tapped)};
  const PlotAxis axis = losses::is_cross_entropy(options_.loss.name) ? kLossAxis : PlotAxis{.label = "loss"};
  outcome.record({.name = "loss", .axis = axis, .headline = true}, contrastive.loss.detach());
  outcome.record({.name = "loss_align", .axis = axis}, contrastive.alignment);
  outcome.record({.name = "loss_dist", .axis = axis}, contrastive.distribution);
  if (contrastive.accuracy) outcome.record({.name = "contrast_acc", .axis = kAccuracyAxis}, contrastive.accuracy);
  return outcome;
}

}  // namespace apps
