#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "data/source.h"

namespace data {

/// Decodes JPEG by libjpeg-turbo, with its exact settings: the accurate integer DCT and smooth chroma upsampling.
class JpegDecoder {
 public:
  explicit JpegDecoder(int most_scans);
  ~JpegDecoder();

  /// How many eighths of the stored size an image can be decoded at: 1, 2, 4 or 8. The fewest whose shorter side is no
  /// less than `least_side`; 8 if that is 0.
  static int fewest_eighths(const Extent& stored, std::int64_t least_side);
  static Extent scaled(const Extent& stored, int eighths);

  /// Writes the pixels [height,width,channels] of `extent`, which is scaled(stored size). Throws engine::DataError with
  /// the reason alone for whatever libjpeg complains of, but for what leaves no trace in the image.
  void decode(std::span<const std::byte> file, const Extent& extent, int eighths, int channels, std::uint8_t* out);

 private:
  struct Reading;

  int most_scans_;
  std::unique_ptr<Reading> reading_;
};

}  // namespace data
