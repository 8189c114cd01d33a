#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "data/source.h"

namespace data {

/// Decodes PNG of every bit depth and colour type by libpng.
class PngDecoder {
 public:
  PngDecoder();
  ~PngDecoder();

  /// Writes the pixels [height,width,channels] of `extent`, the stored size. Throws engine::DataError with the reason
  /// alone, also if the checksum of any chunk is wrong.
  void decode(std::span<const std::byte> file, const Extent& extent, int channels, std::uint8_t* out);

 private:
  struct Reading;

  std::unique_ptr<Reading> reading_;
};

}  // namespace data
