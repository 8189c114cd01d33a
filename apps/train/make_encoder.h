#pragma once
#include <map>
#include <memory>
#include <string>

#include "apps/run/config.h"
#include "data/source.h"
#include "engine/scope.h"
#include "models/encoder.h"

namespace apps {

/// The encoder that the configuration names, for the source's images and bits. Throws engine::DataError for images of a
/// size that it cannot take.
std::unique_ptr<models::Encoder> make_encoder(const engine::Scope& scope, const Config& config,
                                              const data::Source& source);

/// What files of its weights say of it: "arch", "in_chans"; for ResNets also "variant" and "stem".
std::map<std::string, std::string> describe_encoder(const Config& config, const data::Source& source);

/// "yes" where torchvision's network of that name takes the weights of the encoder and a classifier strictly and then
/// computes the same; otherwise "no: " and why.
std::string fits_torchvision(const Config& config, const data::Source& source);

}  // namespace apps
