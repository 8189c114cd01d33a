#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/encoder_options.h"

namespace apps {

/// The shapes of the tensors in a file, by torchvision's names; convolutions are OIHW.
using TensorShapes = std::map<std::string, std::vector<std::int64_t>, std::less<>>;

/// What the names and shapes of an encoder's tensors say of it.
struct RecognizedEncoder {
  models::Architecture arch{};
  std::int64_t in_channels = 0;
  double width = 1;
  bool selective_kernels = false;                 ///< with ResNet-D's stem and shortcuts
  std::optional<models::ResNet::Stem> stem = {};  ///< of ResNets
  /// Of ResNets with basic blocks; those with bottlenecks have the same tensors in both variants.
  std::optional<models::ResNet::Variant> variant = {};
};

/// Returns nothing if no encoder has tensors like these. Only names and shapes that tell encoders apart are looked at.
std::optional<RecognizedEncoder> recognize_encoder(const TensorShapes& shapes);

}  // namespace apps
