// Files of tensors: what is taken lies inside the file and can be read, and an encoder's tensors are found in it.
#include <vector>

#include "apps/objectives/recognize_encoder.h"
#include "apps/train/encoder_tensors.h"
#include "engine/io/safetensors.h"
#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

namespace {

/// Reads every number.
void read(const engine::StoredTensor& tensor) {
  const std::size_t count = tensor.bytes.size() / engine::size_of(tensor.type);
  if (engine::is_floating_point(tensor.type)) {
    std::vector<float> values(count);
    engine::to_floats(tensor.type, tensor.bytes, values);
  } else {
    std::vector<std::int64_t> values(count);
    engine::to_whole_numbers(tensor.type, tensor.bytes, values);
  }
}

/// As `pretrain --init` and `lineval --weights` look at a file.
void find_encoder(const std::vector<engine::StoredTensor>& tensors) {
  const apps::EncoderTensors encoder = apps::encoder_tensors(tensors);
  must(encoder.tensors.size() + encoder.left_out.size() == tensors.size(), "every tensor is taken or left out");
  for (const auto& [name, tensor] : encoder.tensors) must(tensor->name.ends_with(name), "a tensor has its own name");
  const auto recognized = apps::recognize_encoder(encoder.shapes());
  if (recognized)
    must(encoder.tensors.contains("conv1.weight") || encoder.tensors.contains("conv1.0.weight"),
         "an encoder begins with a convolution");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = bytes_of(data, size);
  try {
    const auto [tensors, metadata] = engine::parse_safetensors(file, "input");
    std::size_t bytes = 0;
    for (const engine::StoredTensor& tensor : tensors) {
      must(tensor.bytes.data() >= file.data() && tensor.bytes.size() <= file.size(), "a tensor lies inside the file");
      must(tensor.bytes.data() + tensor.bytes.size() <= file.data() + file.size(), "a tensor ends inside the file");
      bytes += tensor.bytes.size();
      read(tensor);
    }
    must(bytes <= file.size(), "tensors do not overlap");
    find_encoder(tensors);
  } catch (const engine::DataError& error) {
    must(std::string_view(error.what()).starts_with("input: "), "an error names the file");
  }
  return 0;
}
