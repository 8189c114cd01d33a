#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace data {

/// Names of files, with the sizes of the files in bytes; little memory per name, because there may be millions.
class FileList {
 public:
  FileList() = default;
  /// `ends[i]` is where name i ends in `names`: ascending, the last one the end of `names`.
  FileList(std::string names, std::vector<std::uint64_t> ends, std::vector<std::uint64_t> bytes);

  void add(std::string_view name, std::uint64_t bytes);
  void append(const FileList& other);
  /// By the bytes of the names, which is the same order on every machine.
  void sort();

  std::int64_t size() const { return static_cast<std::int64_t>(ends_.size()); }
  std::string_view name(std::int64_t i) const;
  std::uint64_t bytes(std::int64_t i) const { return bytes_[static_cast<std::size_t>(i)]; }

  std::string_view all_names() const { return names_; }
  std::span<const std::uint64_t> all_ends() const { return ends_; }
  std::span<const std::uint64_t> all_bytes() const { return bytes_; }

 private:
  std::string names_;
  std::vector<std::uint64_t> ends_, bytes_;
};

/// Where lists of directories are kept: $XDG_CACHE_HOME/antipode, or ~/.cache/antipode; none if neither is known.
std::optional<std::filesystem::path> cache_directory();

/// All files below a directory, at any depth, sorted by name. Symbolic links are followed, except those to a directory
/// that they lie in. A link that leads nowhere counts as a file of no bytes, so that reading it says what is wrong.
/// Names that begin with a dot, and what is no file (sockets, devices), are left out, as `ls` and shells do.
///
/// A list of 10000 files or more is kept in `cache`, and read from there for as long as no directory in it has changed:
/// a file that was overwritten in place is still listed with its old size. A list that cannot be kept, or is damaged,
/// is made again. Throws engine::DataError for a directory that cannot be read.
FileList list_files(const std::filesystem::path& directory,
                    const std::optional<std::filesystem::path>& cache = cache_directory());

}  // namespace data
