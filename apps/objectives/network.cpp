#include "apps/objectives/network.h"

#include "apps/objectives/groups.h"
#include "apps/objectives/make_encoder.h"
#include "engine/scope.h"

namespace apps {

using engine::Scope;

bool begins_as_keras(models::Architecture arch) {
  switch (arch) {
    case models::Architecture::convn: return true;
    case models::Architecture::resnet18:
    case models::Architecture::resnet34:
    case models::Architecture::resnet50:
    case models::Architecture::resnet101:
    case models::Architecture::resnet152: return false;
  }
  return false;
}

engine::Initializer classifier_kernel(models::Architecture arch, std::int64_t features, std::int64_t classes) {
  return begins_as_keras(arch) ? engine::Initializer::glorot_uniform(features, classes)
                               : engine::Initializer::normal(0.01);
}

Network make_network(engine::ParameterSet& parameters, const Config& config, const data::Source& source,
                     const std::string& prefix) {
  Network network{.encoder = make_encoder(Scope(parameters, prefix + kEncoder), config.model.encoder, source),
                  .projector = {}};
  if (has_projector(config.objective.name)) {
    models::ProjectionHead::Options options = config.model.head;
    options.in = network.encoder->features();
    options.glorot = begins_as_keras(config.model.encoder.arch);
    network.projector.emplace(Scope(parameters, prefix + kProjector), options);
  }
  return network;
}

}  // namespace apps
