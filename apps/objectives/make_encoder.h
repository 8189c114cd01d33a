#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "data/source.h"
#include "engine/scope.h"
#include "models/encoder.h"
#include "models/encoder_options.h"

namespace apps {

/// The encoder that the options describe, for the source's images and bits. Throws engine::DataError if it does not
/// accept images of that size.
std::unique_ptr<models::Encoder> make_encoder(const engine::Scope& scope, const models::EncoderOptions& options,
                                              const data::Source& source);

/// A sentence if a fractional width made it round channel counts.
std::optional<std::string> rounded_channels(const models::EncoderOptions& options);

/// Metadata for files of its weights: "arch", "in_chans"; for ResNets also "variant" and "stem", and
/// "selective_kernels" if it has them.
std::map<std::string, std::string> describe_encoder(const models::EncoderOptions& options, const data::Source& source);

/// "yes" if torchvision's network of that name loads the weights of the encoder and a classifier strictly and computes
/// the same; otherwise "no: " and the reason.
std::string fits_torchvision(const models::EncoderOptions& options, const data::Source& source);

}  // namespace apps
