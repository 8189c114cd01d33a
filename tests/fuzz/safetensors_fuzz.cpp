// Files of tensors: what is taken lies inside the file.
#include "engine/io/safetensors.h"
#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = bytes_of(data, size);
  try {
    const auto [tensors, metadata] = engine::parse_safetensors(file, "input");
    std::size_t bytes = 0;
    for (const engine::StoredTensor& tensor : tensors) {
      must(tensor.bytes.data() >= file.data() && tensor.bytes.size() <= file.size(), "a tensor lies inside the file");
      must(tensor.bytes.data() + tensor.bytes.size() <= file.data() + file.size(), "a tensor ends inside the file");
      bytes += tensor.bytes.size();
    }
    must(bytes <= file.size(), "tensors do not overlap");
  } catch (const engine::DataError& error) {
    must(std::string_view(error.what()).starts_with("input: "), "an error names the file");
  }
  return 0;
}
