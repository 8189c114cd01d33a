// Arrays of NumPy: what is taken lies inside the file.
#include "engine/io/npy.h"

#include <vector>

#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = bytes_of(data, size);
  try {
    const engine::NpyArray array = engine::parse_npy(file, "input");
    must(array.bytes.data() >= file.data() && array.bytes.data() + array.bytes.size() == file.data() + file.size(),
         "the elements are the end of the file");
    std::size_t elements = 1;
    for (const std::int64_t dimension : array.shape) elements *= static_cast<std::size_t>(dimension);
    must(elements * engine::size_of(array.type) == array.bytes.size(), "there are as many elements as the header says");
    if (engine::is_floating_point(array.type)) {
      std::vector<float> values(elements);
      engine::to_floats(array.type, array.bytes, values);
    } else {
      std::vector<std::int64_t> values(elements);
      engine::to_whole_numbers(array.type, array.bytes, values);
    }
  } catch (const engine::DataError& error) {
    must(std::string_view(error.what()).starts_with("input: "), "an error names the file");
  }
  return 0;
}
