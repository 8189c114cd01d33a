#include "apps/train/encoder_tensors.h"

#include <algorithm>
#include <string_view>

#include "apps/objectives/groups.h"

namespace apps {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether a name begins with a layer of an encoder.
bool begins_as_encoder(std::string_view name) {
  const std::string_view layer = name.substr(0, name.find('.'));
  if (layer.size() == name.size()) return false;
  if (layer == "dense") return true;
  for (const std::string_view kind : {"conv", "bn", "layer"}) {
    if (layer.starts_with(kind) && is_number(layer.substr(kind.size()))) return true;
  }
  return false;
}

}  // namespace

TensorShapes EncoderTensors::shapes() const {
  TensorShapes shapes;
  for (const auto& [name, tensor] : tensors) shapes.emplace(name, tensor->shape);
  return shapes;
}

EncoderTensors encoder_tensors(const std::vector<engine::StoredTensor>& contents) {
  const std::string prefix = std::string(kEncoder) + ".";
  const auto has_prefix = [&](const engine::StoredTensor& tensor) { return tensor.name.starts_with(prefix); };
  const bool is_checkpoint = std::any_of(contents.begin(), contents.end(), has_prefix);
  EncoderTensors encoder;
  for (const engine::StoredTensor& tensor : contents) {
    if (is_checkpoint ? has_prefix(tensor) : begins_as_encoder(tensor.name)) {
      encoder.tensors.emplace(tensor.name.substr(is_checkpoint ? prefix.size() : 0), &tensor);
    } else {
      encoder.left_out.push_back(tensor.name);
    }
  }
  std::sort(encoder.left_out.begin(), encoder.left_out.end());
  return encoder;
}

}  // namespace apps
