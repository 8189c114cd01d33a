#include "apps/train/network.h"

#include "apps/train/groups.h"
#include "apps/train/make_encoder.h"
#include "engine/scope.h"

namespace apps {

using engine::Scope;

Network make_network(engine::ParameterSet& parameters, const Config& config, const data::Source& source) {
  auto encoder = make_encoder(Scope(parameters, kEncoder), config, source);
  // Keras updates the running variance without the correction after a dense layer, whatever the convolutions do.
  const engine::BatchNormOptions batch_norm{.epsilon = static_cast<float>(config.model.bn_eps),
                                            .momentum = static_cast<float>(config.model.bn_momentum),
                                            .unbiased_variance = false};
  const models::ProjectionHead::Options options{
      .in = encoder->features(),
      .layers = config.model.proj_layers,
      .hidden = config.model.proj_hidden,
      .out = config.model.proj_dim,
      .output_batch_norm = config.model.proj_output_bn,
      .glorot = config.model.arch == "convn",  // Keras' start, as in its notebook; SimCLR's is N(0, 0.01^2)
      .batch_norm = batch_norm};
  models::ProjectionHead projector(Scope(parameters, kProjector), options);
  return {.encoder = std::move(encoder), .projector = std::move(projector)};
}

}  // namespace apps
