#pragma once
#include <map>
#include <memory>
#include <string>

#include "apps/run/config.h"
#include "data/source.h"
#include "engine/parameters.h"
#include "models/encoder.h"

namespace apps {

/// The encoder that the configuration names, for the source's images and bits. Throws engine::DataError for images of a
/// size that it cannot take.
std::unique_ptr<models::Encoder> make_encoder(engine::ParameterSet& parameters, const Config& config,
                                              const data::Source& source);

/// What files of its weights say of it: "arch", "in_chans"; for ResNets also "variant", "stem" and
/// "backbone_loads_in_torchvision", which is "yes" where torchvision's network of that name takes the weights strictly,
/// and otherwise says why not.
std::map<std::string, std::string> describe_encoder(const Config& config, const data::Source& source);

}  // namespace apps
