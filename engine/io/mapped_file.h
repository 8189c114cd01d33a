#pragma once
#include <cstddef>
#include <filesystem>
#include <span>

namespace engine {

/// A file's bytes, read-only, without a copy: pages come from the disk when they are touched.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace engine
