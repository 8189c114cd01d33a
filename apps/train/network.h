#pragma once
#include <memory>

#include "apps/config/config.h"
#include "data/source.h"
#include "engine/parameters.h"
#include "models/encoder.h"
#include "models/projection_head.h"

namespace apps {

/// An encoder and the projection head behind it.
struct Network {
  std::unique_ptr<models::Encoder> encoder;
  models::ProjectionHead projector;
};

/// The one that the configuration asks for; its parameters are added to `parameters`. `source` provides the channels.
/// Throws engine::DataError for images of a size that the encoder cannot take.
Network make_network(engine::ParameterSet& parameters, const Config::Model& model, const data::Source& source);

/// Whether what stands behind the encoder begins as in Keras, as in the notebook of its network, and not as SimCLR's,
/// at N(0, 0.01^2).
bool begins_as_keras(models::Architecture arch);

}  // namespace apps
