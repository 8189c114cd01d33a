#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "engine/io/descriptor.h"

namespace engine {

/// A file that appears whole or not at all. Bytes go to `<path>.tmp`; `commit` brings them to the disk and renames.
/// Until then, and when anything fails, an earlier file at `path` stays as it was. One writer at a time per path.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();  ///< without `commit`, removes the temporary

  void write(std::span<const std::byte> bytes) { temporary_.write(bytes); }
  void write(std::string_view text) { temporary_.write(text); }
  void commit();

 private:
  std::filesystem::path path_;
  Descriptor temporary_;
  bool committed_ = false;
};

void atomic_write_file(const std::filesystem::path& path, std::string_view text);
std::string read_file(const std::filesystem::path& path);

/// Brings a directory's entries (creations, renames, removals) to the disk.
void sync_directory(const std::filesystem::path& path);

/// `std::filesystem` operations with this project's errors.
void create_directories(const std::filesystem::path& path);
/// One directory, in one that must be there; nothing to do when it exists.
void create_directory(const std::filesystem::path& path);
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);
void remove_all(const std::filesystem::path& path);

}  // namespace engine
