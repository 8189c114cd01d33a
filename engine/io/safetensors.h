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
#include "kernels/runtime/dtype.h"

namespace engine {

const char* stored_name(Dtype dtype);  ///< as the format spells it: "F32", "BF16", "I32", "I64", "U8", "F64"

/// One tensor on the host, in C order. `bytes` is borrowed, and on reading need not be aligned: copy it with memcpy.
struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;  ///< empty for a scalar
  std::span<const std::byte> bytes;
};

/// Writes the safetensors format (https://github.com/huggingface/safetensors): an 8-byte little-endian header length, a
/// JSON header padded with spaces to 8 bytes, the tensors without gaps. Wider elements come first, otherwise the order
/// is the given one, so that every tensor is aligned to its elements. The file appears whole or not at all.
/// Throws engine::Error for a name given twice and for `bytes` that do not fit `shape`.
void save_safetensors(const std::filesystem::path& path, std::span<const StoredTensor> tensors,
                      const std::map<std::string, std::string>& metadata = {});

struct SafetensorsContents {
  std::vector<StoredTensor> tensors;  ///< in the order of their bytes
  std::map<std::string, std::string> metadata;
};
/// What the bytes of a safetensors file say; tensors point into them. Throws DataError, one sentence that begins with
/// `name`, for anything the format does not allow: lengths beyond the file, holes, overlaps, sizes that do not fit a
/// shape, repeated names, unknown fields; and for dtypes other than ours.
SafetensorsContents parse_safetensors(std::span<const std::byte> file, const std::string& name);

/// A safetensors file, mapped: tensors point into it and live as long as it does.
class SafetensorsFile {
 public:
  /// Throws as parse_safetensors, with the path.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::vector<StoredTensor>& tensors() const { return contents_.tensors; }  ///< in the order of their bytes
  const std::map<std::string, std::string>& metadata() const { return contents_.metadata; }
  const StoredTensor* find(std::string_view name) const;  ///< nullptr when there is none
  const StoredTensor& at(std::string_view name) const;    ///< throws DataError when there is none

 private:
  std::filesystem::path path_;
  MappedFile file_;
  SafetensorsContents contents_;
};

}  // namespace engine
