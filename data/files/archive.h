#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/files/file_list.h"
#include "engine/io/mapped_file.h"

namespace data {

/// What compressed archives may unpack to: they are held in memory.
inline constexpr std::uint64_t kMostUnpackedBytes = std::uint64_t{8} << 30;

/// A tar archive: mapped into memory where it is plain, unpacked into memory where gzip or zstd compressed it.
class Archive {
 public:
  /// Throws engine::DataError with the path.
  explicit Archive(const std::filesystem::path& path, std::uint64_t most_unpacked_bytes = kMostUnpackedBytes);

  const std::filesystem::path& path() const { return path_; }
  /// In the order of the archive.
  const FileList& files() const { return files_; }
  /// Throws engine::DataError with the path and the file's name: a link has no contents, and a plain archive may have
  /// been cut since it was opened.
  std::span<const std::byte> read(std::int64_t i) const;
  /// 0 for a plain archive.
  std::uint64_t unpacked_bytes() const { return unpacked_.size(); }

 private:
  void read_headers();

  std::filesystem::path path_;
  std::optional<engine::MappedFile> mapped_;
  std::vector<std::uint8_t> unpacked_;
  std::span<const std::byte> bytes_;  // of one of the two
  FileList files_;
  std::vector<std::uint64_t> offsets_;
  std::unordered_map<std::int64_t, std::string> links_;  // what the few files that are links lead to
};

/// The same archive for all who have it open: the roles of a run read one data set.
std::shared_ptr<const Archive> open_archive(const std::filesystem::path& path);

}  // namespace data
