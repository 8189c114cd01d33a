#pragma once
#include <memory>
#include <optional>

#include "apps/run/config.h"
#include "data/source.h"
#include "engine/parameters.h"
#include "models/encoder.h"
#include "models/probe_head.h"
#include "models/projection_head.h"

namespace apps {

/// Everything with parameters in a contrastive run: encoder, projection head, online probe; laid out and initialised.
struct Network {
  /// `source` tells channels and classes.
  Network(const engine::Context& context, const Config& config, const data::Source& source);

  engine::ParameterSet parameters;
  std::unique_ptr<models::Encoder> encoder;
  std::optional<models::ProjectionHead> projector;
  std::optional<models::ProbeHead> probe;
};

}  // namespace apps
