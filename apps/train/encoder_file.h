#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "apps/train/encoder_tensors.h"
#include "data/source.h"
#include "engine/parameters.h"
#include "models/encoder_options.h"

namespace apps {

/// A safetensors file with the weights of an encoder: torchvision's or timm's, an export, or a checkpoint's
/// model.safetensors.
class EncoderFile {
 public:
  /// Throws engine::Error if the file cannot be read, and engine::DataError if it is no safetensors file.
  explicit EncoderFile(const std::filesystem::path& path);

  const std::map<std::string, std::string>& metadata() const { return file_.metadata(); }
  const std::optional<RecognizedEncoder>& recognized() const { return recognized_; }
  /// The same, if the file is of a known encoder; otherwise throws engine::DataError.
  const RecognizedEncoder& required() const;

  /// Loads the parameters and running statistics of the encoder that `options` describe for this source. Numbers may be
  /// f16, bf16, f32 or f64; f64 are rounded. `num_batches_tracked` may be missing and is 0 then. Throws
  /// engine::DataError, before anything is changed, if tensors are missing, have another shape or a number that is
  /// infinite or NaN in f32, or if the file has further tensors of an encoder.
  void load(const engine::ParameterSet& parameters, const models::EncoderOptions& options,
            const data::Source& source) const;

  /// What was loaded, for a log: the file, and the tensors that were left out.
  std::string description() const;

 private:
  std::filesystem::path path_;
  engine::SafetensorsFile file_;
  EncoderTensors encoder_;
  std::optional<RecognizedEncoder> recognized_;
};

}  // namespace apps
