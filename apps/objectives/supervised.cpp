#include "apps/objectives/supervised.h"

#include <utility>

#include "apps/objectives/encode.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/ranks.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "losses/vae.h"

namespace apps {

using engine::Mode;
using engine::Tensor;

SupervisedObjective::SupervisedObjective(Network network, models::Linear classifier, const Options& options)
    : network_(std::move(network)), classifier_(std::move(classifier)), options_(options) {}

SupervisedObjective::Classified SupervisedObjective::classify(const Tensor& logits, const DeviceBatch& batch) const {
  const std::string& labels = options_.supervised.labels;
  const engine::CrossEntropy choice = engine::softmax_cross_entropy(
      logits, batch.targets(labels), static_cast<float>(options_.supervised.label_smoothing));
  switch (options_.supervised.likelihood) {
    case ClassLikelihood::softmax: return {.loss = choice.loss, .accuracy = choice.accuracy};
    case ClassLikelihood::sigmoid: {
      const float share = 1 / static_cast<float>(logits.shape()[1]);
      return {.loss = engine::scale(losses::bernoulli_nll(logits, batch.indicators(labels)), share),
              .accuracy = choice.accuracy};
    }
  }
  return {};
}

Outcome SupervisedObjective::forward(const StepContext& step) {
  const Tensor views = step.batch.augmented_views(options_.augmentation, options_.seed, 1, options_.activations);
  Encoded encoded = encode(network_, views, 1, step.taps);
  const Tensor logits = classifier_(encoded.rows, Mode::train, {.f32_output = true});
  const engine::LayerRange layer(logits.context(), "loss");
  const Classified classified = classify(logits, step.batch);
  const Tensor loss = engine::mean_over_ranks(classified.loss);
  Outcome outcome{.loss = loss, .tapped = std::move(encoded.tapped)};
  outcome.record({.name = "loss", .axis = kLossAxis, .headline = true}, loss.detach());
  outcome.record(kAccuracy, engine::mean_over_ranks(classified.accuracy));
  return outcome;
}

std::vector<Measured> SupervisedObjective::evaluate(const Features& features) const {
  const Tensor logits = classifier_(features.values, Mode::evaluate, {.f32_output = true});
  const Tensor& targets = features.targets.at(options_.supervised.labels);
  return {{kAccuracy, static_cast<double>(engine::softmax_cross_entropy(logits, targets).accuracy.item())}};
}

}  // namespace apps
