#pragma once
#include <cstddef>
#include <filesystem>
#include <span>

namespace engine {

/// A file's bytes, read-only and without a copy: pages are read from the disk when they are first accessed.
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
