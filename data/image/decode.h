#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "data/source.h"

namespace data {

/// What is refused before anything is allocated: small files can pretend to be, or unpack to, huge images.
struct ImageLimits {
  /// As stored. 2^27, 134 million, is about what PIL refuses; its pixels take 400 MB as RGB and, in a progressive JPEG,
  /// 800 MB more for coefficients. The largest image of ImageNet has half as many.
  std::int64_t most_pixels = std::int64_t{1} << 27;
  /// Of a progressive JPEG. Each passes over the whole image, however few bytes it has; encoders write about ten.
  int most_scans = 100;
};

/// Whether the name ends like that of a JPEG or PNG file: .jpg, .jpeg or .png in any case.
bool is_image_name(std::string_view file_name);

/// Decodes images from memory and keeps scratch memory between them: one per thread. The bytes of an image depend on
/// nothing else. Every method throws engine::DataError with the reason alone, to which the caller adds the name of the
/// file. Truncated and damaged files are errors, never partly grey images.
class ImageDecoder {
 public:
  explicit ImageDecoder(const ImageLimits& limits = {});
  ~ImageDecoder();
  ImageDecoder(ImageDecoder&&) noexcept;
  ImageDecoder& operator=(ImageDecoder&&) noexcept;

  /// The size after EXIF orientation, from the header alone.
  Extent size_of(std::span<const std::byte> file) const;

  /// Writes the pixels and the extent of `example`: RGB (3 channels) or grey (1), after EXIF orientation. Recognises
  /// JPEG and PNG by content.
  ///
  /// Pixels are those of PIL's convert("RGB"): JPEG by the accurate integer DCT with smooth chroma upsampling, CMYK and
  /// YCCK inverted as Adobe's, alpha dropped (transparent pixels show the colour that is stored below), colour profiles
  /// and gamma ignored. 16-bit samples are scaled to 8 bits. Grey of a colour JPEG is its luma as it is stored; of
  /// other colour images, 0.299 R + 0.587 G + 0.114 B.
  ///
  /// With hint.least_side > 0, a JPEG whose shorter side is longer is decoded at 1/2, 1/4 or 1/8 of its size, whichever
  /// is the smallest with a shorter side of no less than that. This skips most of the work, and its pixels are means of
  /// those of the whole image to within a few levels.
  void decode(std::span<const std::byte> file, const DecodeHint& hint, int channels, Example& example);

 private:
  class Formats;

  ImageLimits limits_;
  std::vector<std::uint8_t> stored_;  ///< an image that is yet to be turned
  std::unique_ptr<Formats> formats_;
};

}  // namespace data
