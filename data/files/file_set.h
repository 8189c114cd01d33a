#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace data {

/// Named files, wherever they are: below a directory, or in archives. Every method is const and thread-safe.
class FileSet {
 public:
  virtual ~FileSet() = default;

  virtual std::int64_t size() const = 0;
  /// Relative to the directory or within the archive: "train/cat/1.jpg".
  virtual std::string_view name(std::int64_t i) const = 0;
  /// As listed when the set was opened.
  virtual std::uint64_t bytes(std::int64_t i) const = 0;
  /// Of files in the same part, an archive, names belong together. A directory has one part.
  virtual std::uint32_t part([[maybe_unused]] std::int64_t i) const { return 0; }

  /// The contents, in `buffer` or in memory that lives as long as this set. Throws engine::DataError that names the
  /// file and says what is wrong.
  virtual std::span<const std::byte> read(std::int64_t i, std::vector<std::byte>& buffer) const = 0;
  /// The file for a message: "/data/train/cat/1.jpg", or "/data/shard.tar: train/cat/1.jpg".
  virtual std::string locate(std::int64_t i) const = 0;
};

}  // namespace data
