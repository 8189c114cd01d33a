#include "apps/objectives/byol.h"

#include <utility>

#include "apps/objectives/encode.h"
#include "engine/ops/ranks.h"
#include "engine/ops/rows.h"
#include "losses/byol.h"

namespace apps {

using engine::Mode;
using engine::Tensor;

ByolObjective::ByolObjective(Network network, models::ProjectionHead predictor, MomentumEncoder target,
                             const Options& options)
    : network_(std::move(network)), predictor_(std::move(predictor)), target_(std::move(target)), options_(options) {}

Tensor ByolObjective::predict(const Tensor& projections, std::int64_t passes) const {
  if (passes == 1) return predictor_.forward(projections, Mode::train);
  const std::int64_t n = projections.shape()[0] / 2;
  const Tensor first = predictor_.forward(engine::slice_rows(projections, 0, n), Mode::train);
  return engine::concat_rows(first, predictor_.forward(engine::slice_rows(projections, n, n), Mode::train));
}

Outcome ByolObjective::forward(const StepContext& step) {
  const Tensor views = step.batch.augmented_views(options_.augmentation, options_.seed, 2, options_.activations);
  const auto& s = views.shape();
  const std::int64_t passes = options_.batch_norm_per_view ? 2 : 1;
  Encoded encoded = encode(network_, views, passes, step.taps);
  const Tensor targets = target_.project(views.view_as({2 * s[1], s[2], s[3], s[4]}), passes);
  const Tensor predictions = predict(encoded.rows, passes);
  const engine::LayerRange layer(views.context(), "loss");
  const Tensor loss = engine::mean_over_ranks(losses::byol(predictions, targets));
  Outcome outcome{.loss = loss, .tapped = std::move(encoded.tapped)};
  outcome.record({.name = "loss", .axis = {.label = "loss"}, .headline = true}, loss.detach());
  return outcome;
}

}  // namespace apps
