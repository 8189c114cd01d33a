#pragma once
#include <memory>

#include "apps/run/config.h"
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
Network make_network(engine::ParameterSet& parameters, const Config& config, const data::Source& source);

}  // namespace apps
