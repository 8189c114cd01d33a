#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct ZSTD_DCtx_s;

namespace data {

/// Unpacks a Zstandard file (RFC 8878) piece by piece: all frames in turn, with windows of up to 128 MiB (the `zstd`
/// program's own limit, --long=27).
class Zstd {
 public:
  /// Whether a file starts with Zstandard's magic number.
  static bool is_one(std::span<const std::byte> file);

  explicit Zstd(std::span<const std::byte> file);

  /// Returns fewer bytes than asked for only at the end of the data. Throws engine::DataError with the reason alone.
  std::size_t read(std::span<std::uint8_t> out);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  std::span<const std::byte> rest_;
  bool within_frame_ = false;
};

}  // namespace data
