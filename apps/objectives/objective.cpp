#include "apps/objectives/objective.h"

namespace apps {

void record(Outcome& outcome, const losses::ContrastiveLoss& loss, const PlotAxis& axis) {
  outcome.record({.name = "loss", .axis = axis, .headline = true}, loss.loss.detach());
  outcome.record({.name = "loss_align", .axis = axis}, loss.alignment);
  outcome.record({.name = "loss_dist", .axis = axis}, loss.distribution);
  if (loss.accuracy) outcome.record({.name = "contrast_acc", .axis = kAccuracyAxis}, loss.accuracy);
}

Representation Objective::representation(const std::string& tap) const {
  const Network& shown = network();
  return {*shown.encoder, shown.projector ? &*shown.projector : nullptr, tap};
}

engine::Tensor Objective::embeddings(const engine::Tensor& features) const {
  const Network& shown = network();
  return shown.projector ? shown.projector->forward(features, engine::Mode::evaluate) : features;
}

}  // namespace apps
