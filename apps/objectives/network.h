#pragma once
#include <memory>
#include <optional>
#include <string>

#include "apps/config/config.h"
#include "data/source.h"
#include "engine/parameters.h"
#include "models/encoder.h"
#include "models/projection_head.h"

namespace apps {

/// An encoder and, for some objectives, a projection head.
struct Network {
  std::unique_ptr<models::Encoder> encoder;
  std::optional<models::ProjectionHead> projector;
};

/// The network that the configuration describes; its parameters are added to `parameters`, and their names begin with
/// `prefix`. `source` gives the number of channels. Throws engine::DataError if the encoder does not accept images of
/// that size.
Network make_network(engine::ParameterSet& parameters, const Config& config, const data::Source& source,
                     const std::string& prefix = {});

/// Whether the layers after the encoder have Keras' initial values, as in the notebook of ConvN, instead of SimCLR's,
/// N(0, 0.01^2).
bool begins_as_keras(models::Architecture arch);

/// The initial weights of a linear classifier on the encoder's features.
engine::Initializer classifier_kernel(models::Architecture arch, std::int64_t features, std::int64_t classes);

}  // namespace apps
