#pragma once
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace data {

/// Unpacks a gzip file (RFC 1952) piece by piece: all members in turn, each checked against its checksum and length.
/// gzread would also accept a file cut within its last 8 bytes, and any bytes after its end.
class Gzip {
 public:
  /// Whether a file starts with gzip's magic number.
  static bool is_one(std::span<const std::byte> file);

  explicit Gzip(std::span<const std::byte> file);
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip();

  /// Returns fewer bytes than asked for only at the end of the data, after it has verified the file. Throws
  /// engine::DataError with the reason alone.
  std::size_t read(std::span<std::uint8_t> out);

 private:
  void next_member();

  std::span<const std::byte> rest_;  // input not yet passed to zlib
  z_stream stream_{};
  bool ended_ = false;
};

}  // namespace data
