#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "apps/objectives/recognize_encoder.h"
#include "engine/io/safetensors.h"

namespace apps {

/// The tensors of a file that belong to an encoder, by torchvision's names.
struct EncoderTensors {
  std::map<std::string, const engine::StoredTensor*, std::less<>> tensors;
  std::vector<std::string> left_out;  ///< names of the others: classifiers, projection heads

  TensorShapes shapes() const;
};

/// Chooses by name. In a file with names such as "encoder.conv1.weight", a checkpoint, these are the encoder's, without
/// that prefix. In any other, those are that begin like an encoder's layers: conv1, bn1, layer1, ..., dense. The result
/// points into `contents`.
EncoderTensors encoder_tensors(const std::vector<engine::StoredTensor>& contents);

}  // namespace apps
