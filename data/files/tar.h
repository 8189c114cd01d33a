#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace data {

/// A file within a tar archive.
struct TarFile {
  std::string name;          ///< without a leading "./" or "/"
  std::string link;          ///< what it is a link to, which has no bytes of its own; empty: a regular file
  std::uint64_t offset = 0;  ///< of its bytes in the archive
  std::uint64_t bytes = 0;
};

/// Goes through a tar archive (POSIX.1-2001: ustar and pax; and GNU's long names), checking every header. Nothing is
/// extracted, so names may be anything. Sparse files, archives in several volumes and archives without their end
/// marker are refused.
class TarReader {
 public:
  explicit TarReader(std::span<const std::byte> archive) : archive_(archive) {}

  /// The next file or link; none after the last. Throws engine::DataError with the reason alone: what is wrong, at
  /// which offset, in which file.
  std::optional<TarFile> next();

 private:
  struct Overrides;

  void read_end();
  /// The bytes of an entry that describes the next.
  std::string_view text(std::uint64_t offset, std::uint64_t bytes) const;
  void read_records(std::string_view records, std::uint64_t offset, bool global, Overrides& overrides) const;

  std::span<const std::byte> archive_;
  std::uint64_t position_ = 0;  // of the next header
};

}  // namespace data
