#include "apps/objectives/supervised.h"

#include <utility>

#include "apps/objectives/encode.h"
#include "engine/ops/softmax_cross_entropy.h"

namespace apps {

using engine::Mode;
using engine::Tensor;

SupervisedObjective::SupervisedObjective(Network network, models::Linear classifier, const Options& options)
    : network_(std::move(network)), classifier_(std::move(classifier)), options_(options) {}

Outcome SupervisedObjective::forward(const StepContext& step) {
  const Tensor views = step.batch.augmented_views(options_.crops, options_.seed, 1, options_.activations);
  Encoded encoded = encode(network_, views, 1, step.taps);
  const Tensor logits = classifier_(encoded.rows, Mode::train, {.f32_output = true});
  const engine::LayerRange layer(logits.context(), "loss");
  const engine::CrossEntropy entropy = engine::softmax_cross_entropy(
      logits, step.batch.targets(options_.supervised.labels), static_cast<float>(options_.supervised.label_smoothing));
  Outcome outcome{.loss = entropy.loss, .tapped = std::move(encoded.tapped)};
  outcome.record({.name = "loss", .axis = kLossAxis, .headline = true}, entropy.loss.detach());
  outcome.record(kAccuracy, entropy.accuracy);
  return outcome;
}

std::vector<Measured> SupervisedObjective::evaluate(const Features& features) const {
  const Tensor logits = classifier_(features.values, Mode::evaluate, {.f32_output = true});
  const Tensor& targets = features.targets(options_.supervised.labels);
  return {{kAccuracy, static_cast<double>(engine::softmax_cross_entropy(logits, targets).accuracy.item())}};
}

}  // namespace apps
