#include "apps/train/online_probe.h"

#include <algorithm>

#include "apps/objectives/groups.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/ranks.h"
#include "engine/ops/softmax_cross_entropy.h"

namespace apps {

using engine::Tensor;

std::string online_probe_name(const std::string& tap, const std::string& label_set, const std::string& first_set) {
  std::string name = kProbe;
  if (tap != Representation::kFeatures) name += "." + tap;
  if (label_set != first_set) name += "." + label_set;
  return name;
}

std::string online_accuracy_name(std::string probe) {
  std::replace(probe.begin(), probe.end(), '.', '_');
  return probe + "_acc";
}

OnlineProbe::Result OnlineProbe::forward(std::span<const Tapped> tapped, const DeviceBatch& batch) const {
  const auto seen = std::find_if(tapped.begin(), tapped.end(), [&](const Tapped& t) { return t.tap == options_.tap; });
  EXPECTS(seen != tapped.end(), "online probe '", options_.name, "': the objective shows no '", options_.tap, "'");
  const auto views = std::min(static_cast<std::size_t>(options_.views), seen->views.size());
  Tensor loss, accuracy;
  for (std::size_t view = 0; view < views; ++view) {
    const Tensor logits = head_.forward(seen->views[view], engine::Mode::train);
    const engine::CrossEntropy of_view = engine::softmax_cross_entropy(logits, batch.targets(options_.label_set));
    loss = view == 0 ? of_view.loss : engine::add(of_view.loss, loss);
    accuracy = view == 0 ? of_view.accuracy : engine::add(accuracy, of_view.accuracy);
  }
  if (views > 1) {
    const float share = 1.0f / static_cast<float>(views);
    loss = engine::scale(loss, share);
    accuracy = engine::scale(accuracy, share);
  }
  return {.loss = engine::mean_over_ranks(loss), .accuracy = {scalar(), engine::mean_over_ranks(accuracy)}};
}

Scalar OnlineProbe::scalar() const { return {.name = online_accuracy_name(options_.name), .axis = kAccuracyAxis}; }

Measured OnlineProbe::accuracy(const Features& features) const {
  return {scalar(), probe_accuracy(head_, features, options_.label_set)};
}

}  // namespace apps
