#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/io/mapped_file.h"
#include "engine/io/stored_type.h"

namespace engine {

/// An array in C order. `bytes` is not owned and may be unaligned.
struct NpyArray {
  StoredType type = StoredType::f32;
  std::vector<std::int64_t> shape;  ///< empty for a single number
  std::span<const std::byte> bytes;
};

/// Parses the bytes of a file in NumPy's format, versions 1 to 3
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): "\x93NUMPY", the version in two bytes, the
/// header's length in two bytes (version 1) or four, little-endian; the header, a Python dictionary with the element
/// type, the order and the shape; the elements. The array's bytes point into `file`. Throws DataError, with one
/// sentence that begins with `name`, for what is damaged, too short or too long, and for what we do not read: Fortran
/// order, big-endian numbers, Python objects, strings, complex numbers, records.
NpyArray parse_npy(std::span<const std::byte> file, const std::string& name);

/// A memory-mapped .npy file: the array points into it and is valid as long as it lives.
class NpyFile {
 public:
  /// Throws like parse_npy; messages begin with the path.
  explicit NpyFile(const std::filesystem::path& path) : file_(path), array_(parse_npy(file_.bytes(), path.string())) {}

  const NpyArray& array() const { return array_; }

 private:
  MappedFile file_;
  NpyArray array_;
};

/// Writes a .npy file, atomically. `array.bytes` must have the size that type and shape ask for. bf16 cannot be
/// written: NumPy has no such type.
void save_npy(const std::filesystem::path& path, const NpyArray& array);

}  // namespace engine
