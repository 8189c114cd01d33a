#include "apps/train/network.h"

#include "apps/run/precision.h"
#include "apps/train/groups.h"
#include "apps/train/make_encoder.h"
#include "engine/scope.h"

namespace apps {

using engine::Initializer;
using engine::Scope;

Network::Network(const engine::Context& context, const Config& config, const data::Source& source) {
  encoder = make_encoder(Scope(parameters, kEncoder), config, source);
  const bool notebook = config.model.arch == "convn";  // Keras' start; SimCLR's is N(0, 0.01^2)
  // Keras updates the running variance without the correction after a dense layer, whatever the convolutions do.
  const engine::BatchNormOptions batch_norm{.epsilon = static_cast<float>(config.model.bn_eps),
                                            .momentum = static_cast<float>(config.model.bn_momentum),
                                            .unbiased_variance = false};
  projector.emplace(Scope(parameters, kProjector),
                    models::ProjectionHead::Options{.in = encoder->features(),
                                                    .layers = config.model.proj_layers,
                                                    .hidden = config.model.proj_hidden,
                                                    .out = config.model.proj_dim,
                                                    .output_batch_norm = config.model.proj_output_bn,
                                                    .glorot = notebook,
                                                    .batch_norm = batch_norm});
  probe.emplace(
      Scope(parameters, kProbe), encoder->features(), source.classes(),
      notebook ? Initializer::glorot_uniform(encoder->features(), source.classes()) : Initializer::normal(0.01));
  parameters.allocate(context, static_cast<std::uint64_t>(config.train.seed), activation_dtype(config));
}

}  // namespace apps
