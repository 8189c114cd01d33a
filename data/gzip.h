#pragma once
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace data {

/// Unpacks a gzip file (RFC 1952) piece by piece: all of its members, one behind the other, each checked against its
/// checksum and length. gzread would also take a file that ends anywhere in the last 8 bytes, and anything behind it.
class Gzip {
 public:
  /// Whether a file begins as gzip files do.
  static bool is_one(std::span<const std::byte> file);

  explicit Gzip(std::span<const std::byte> file);
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip();

  /// Returns fewer bytes than asked for only at the end of the data, which it has found to be whole by then. Throws
  /// engine::DataError with nothing but the reason.
  std::size_t read(std::span<std::uint8_t> out);

 private:
  void next_member();

  std::span<const std::byte> rest_;  // what zlib has not been given yet
  z_stream stream_{};
  bool ended_ = false;
};

}  // namespace data
