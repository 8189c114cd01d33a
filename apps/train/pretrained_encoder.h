#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "data/source.h"
#include "engine/parameters.h"
#include "models/encoder.h"
#include "models/encoder_options.h"

namespace apps {

/// A file of weights, and what is said of it beside the file itself.
struct PretrainedOptions {
  std::filesystem::path file = {};
  std::optional<models::Architecture> arch = {};            ///< none: the file's
  std::optional<models::Normalization> normalization = {};  ///< none: the file's, or ImageNet's
};

/// An encoder for evaluation with the weights of a file, which needs no run.
struct PretrainedEncoder {
  engine::ParameterSet parameters = {};  ///< the group "encoder" alone
  models::EncoderOptions options = {};
  std::unique_ptr<models::Encoder> encoder = {};
  std::string description = {};  ///< of what was loaded: see EncoderFile
};

/// Loads an encoder for images of this source, in the dtype in which it computes. What the options leave open follows
/// from the file: the architecture, width and stem from its tensors, the variant from its metadata or tensors
/// (otherwise torchvision's), the normalisation from its metadata. A file without metadata of an encoder is taken for
/// torchvision's or timm's; with three channels, for images normalised with ImageNet's constants. Images of one channel
/// become three equal ones if the weights need that. Throws engine::DataError for a file that is not of such an
/// encoder.
PretrainedEncoder load_pretrained(const engine::Context& context, const PretrainedOptions& options,
                                  const data::Source& source, engine::Dtype dtype = engine::Dtype::f32);

}  // namespace apps
