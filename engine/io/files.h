#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "engine/io/descriptor.h"

namespace engine {

/// Writes a file atomically. Bytes go to `<path>.tmp`; `commit` syncs that file and renames it. Before `commit`, and
/// after any failure, an earlier file at `path` is unchanged. Only one writer per path at a time.
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

/// Syncs a directory's entries (creations, renames, removals) to the disk.
void sync_directory(const std::filesystem::path& path);

/// `std::filesystem` operations with this project's errors.
void create_directories(const std::filesystem::path& path);
/// Creates one directory, whose parent must exist; does nothing if it exists.
void create_directory(const std::filesystem::path& path);
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);
void remove_all(const std::filesystem::path& path);

}  // namespace engine
