#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/mapped_file.h"
#include "engine/io/stored_type.h"

namespace engine {

/// One tensor on the host, in C order. `bytes` is not owned; when reading, it may be unaligned: copy it with memcpy.
struct StoredTensor {
  std::string name;
  StoredType type = StoredType::f32;
  std::vector<std::int64_t> shape;  ///< empty for a scalar
  std::span<const std::byte> bytes;
};

/// Writes the safetensors format (https://github.com/huggingface/safetensors): the header's length as 8 bytes,
/// little-endian; a JSON header padded with spaces to 8 bytes; the tensors without gaps. Tensors with wider elements
/// come first, otherwise in the given order, so that every tensor is aligned to its elements. The file is written
/// atomically. Throws engine::Error for a repeated name and for `bytes` that do not fit `shape`.
void save_safetensors(const std::filesystem::path& path, std::span<const StoredTensor> tensors,
                      const std::map<std::string, std::string>& metadata = {});

struct SafetensorsContents {
  std::vector<StoredTensor> tensors;  ///< in the order of their bytes
  std::map<std::string, std::string> metadata;
};
/// Parses the bytes of a safetensors file; tensors point into them. Throws DataError, with one sentence that begins
/// with `name`, for everything that the format forbids (lengths beyond the file, gaps, overlaps, sizes that do not fit
/// a shape, repeated names, unknown fields) and for types that are not a StoredType (8-bit floats).
SafetensorsContents parse_safetensors(std::span<const std::byte> file, const std::string& name);

/// A memory-mapped safetensors file: tensors point into it and are valid as long as it lives.
class SafetensorsFile {
 public:
  /// Throws like parse_safetensors; messages begin with the path.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::vector<StoredTensor>& tensors() const { return contents_.tensors; }  ///< in the order of their bytes
  const std::map<std::string, std::string>& metadata() const { return contents_.metadata; }
  const StoredTensor* find(std::string_view name) const;  ///< nullptr if there is none
  const StoredTensor& at(std::string_view name) const;    ///< throws DataError if there is none

 private:
  std::filesystem::path path_;
  MappedFile file_;
  SafetensorsContents contents_;
};

}  // namespace engine
