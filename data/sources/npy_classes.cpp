#include "data/sources/npy_classes.h"

#include "engine/io/npy.h"
#include "kernels/runtime/error.h"

namespace data {

using engine::concat;
using engine::DataError;

std::vector<std::int32_t> read_npy_classes(const std::filesystem::path& path, std::string_view who,
                                           std::string_view what, std::int64_t most) {
  if (!std::filesystem::is_regular_file(path)) {
    throw DataError(concat(who, ": there is no file ", path.string(), "; expected one of whole numbers [N], as ",
                           "numpy.save writes it"));
  }
  const engine::NpyFile file(path);
  const engine::NpyArray& array = file.array();
  if (array.shape.size() != 1 || engine::is_floating_point(array.type)) {
    throw DataError(concat(who, ": ", path.string(), " must hold whole numbers [N], got ",
                           engine::numpy_name(array.type), " of rank ", array.shape.size()));
  }
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(array.shape[0]));
  engine::to_whole_numbers(array.type, array.bytes, numbers);
  for (const std::int64_t number : numbers) {
    if (number >= 0 && number < most) continue;
    throw DataError(
        concat(who, ": ", path.string(), " has the ", what, " ", number, "; ", what, "s must be from 0 to ", most - 1));
  }
  return {numbers.begin(), numbers.end()};
}

}  // namespace data
