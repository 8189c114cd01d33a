#pragma once
#include <map>
#include <memory>
#include <string>

#include "data/source.h"
#include "engine/scope.h"
#include "models/encoder.h"
#include "models/encoder_options.h"

namespace apps {

/// The encoder that the options name, for the source's images and bits. Throws engine::DataError for images of a
/// size that it cannot take.
std::unique_ptr<models::Encoder> make_encoder(const engine::Scope& scope, const models::EncoderOptions& options,
                                              const data::Source& source);

/// What files of its weights say of it: "arch", "in_chans"; for ResNets also "variant" and "stem".
std::map<std::string, std::string> describe_encoder(const models::EncoderOptions& options, const data::Source& source);

/// "yes" where torchvision's network of that name takes the weights of the encoder and a classifier strictly and then
/// computes the same; otherwise "no: " and why.
std::string fits_torchvision(const models::EncoderOptions& options, const data::Source& source);

}  // namespace apps
