#include "apps/train/contrastive_objective.h"

#include "apps/run/precision.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/l2_normalize.h"
#include "engine/ops/rows.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "losses/contrastive.h"

namespace apps {
namespace {

using engine::Mode;
using engine::Tensor;

struct Encoded {
  Tensor features[2], projections[2];  // of each view, [B, ...]
};

Tensor project(const Network& network, const Tensor& features) {
  const Tensor z = network.projector->forward(features, Mode::train);
  const engine::LayerRange layer(z.context(), "loss");
  return engine::l2_normalize(z);
}

Encoded encode(const Config& config, const Network& network, const Tensor& views) {
  const auto& s = views.shape();
  Encoded encoded;
  if (config.model.bn_per_view) {
    for (int view = 0; view < 2; ++view) {
      const Tensor images = views.narrow(view, 1).view_as({s[1], s[2], s[3], s[4]});
      encoded.features[view] = network.encoder->forward(images, Mode::train);
      encoded.projections[view] = project(network, encoded.features[view]);
    }
    return encoded;
  }
  const Tensor features = network.encoder->forward(views.view_as({2 * s[1], s[2], s[3], s[4]}), Mode::train);
  const Tensor projections = project(network, features);
  for (int view = 0; view < 2; ++view) {
    encoded.features[view] = engine::slice_rows(features, view * s[1], s[1]);
    encoded.projections[view] = engine::slice_rows(projections, view * s[1], s[1]);
  }
  return encoded;
}

losses::ContrastiveLoss contrast(const Config& config, const Encoded& encoded) {
  const auto temperature = static_cast<float>(config.loss.temperature);
  const auto& [view1, view2] = encoded.projections;
  const engine::LayerRange layer(view1.context(), "loss");
  const bool exact = activation_dtype(config) == engine::Dtype::f32;
  const losses::Products products = exact ? losses::Products::exact : losses::Products::bf16;
  if (config.loss.name == "cross-view") return losses::cross_view(view1, view2, temperature, products);
  return losses::nt_xent(engine::concat_rows(view1, view2), temperature, products);
}

}  // namespace

ObjectiveOutcome contrastive_objective(const Config& config, const Network& network, const DeviceBatch& batch) {
  const Encoded encoded = encode(config, network, batch.augmented_views(config, 2, activation_dtype(config)));
  const losses::ContrastiveLoss contrastive = contrast(config, encoded);

  engine::CrossEntropy probe;
  const auto classify = [&](int view) {
    return engine::softmax_cross_entropy(network.probe->forward(encoded.features[view], Mode::train), batch.labels());
  };
  probe = classify(0);
  if (config.model.probe_views == "both") {  // the mean over both views, as in SimCLR
    const engine::CrossEntropy second = classify(1);
    probe.loss = engine::scale(engine::add(second.loss, probe.loss), 0.5f);
    probe.accuracy = engine::scale(engine::add(probe.accuracy, second.accuracy), 0.5f);
  }
  const auto metric = [&](int i) { return contrastive.metrics.narrow(i, 1); };
  return {.total = engine::add(contrastive.loss, probe.loss),
          .loss = metric(0),
          .alignment = metric(1),
          .distribution = metric(2),
          .contrast_accuracy = metric(3),
          .probe_accuracy = probe.accuracy};
}

}  // namespace apps
