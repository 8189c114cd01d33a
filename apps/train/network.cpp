#include "apps/train/network.h"

#include "apps/train/groups.h"
#include "apps/train/make_encoder.h"
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

Network make_network(engine::ParameterSet& parameters, const Config::Model& model, const data::Source& source) {
  auto encoder = make_encoder(Scope(parameters, kEncoder), model.encoder, source);
  models::ProjectionHead::Options options = model.head;
  options.in = encoder->features();
  options.glorot = begins_as_keras(model.encoder.arch);
  models::ProjectionHead projector(Scope(parameters, kProjector), options);
  return {.encoder = std::move(encoder), .projector = std::move(projector)};
}

}  // namespace apps
