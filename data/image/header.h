#pragma once
#include <cstddef>
#include <span>

#include "data/image/exif.h"
#include "data/source.h"

namespace data {

enum class ImageFormat { jpeg, png };

/// What the beginning of an image file says of it, and its EXIF tags, which may follow the pixels in a PNG file.
struct ImageHeader {
  ImageFormat format = ImageFormat::jpeg;
  Extent stored;  ///< before the orientation
  Orientation orientation = 1;

  Extent shown() const { return oriented(stored, orientation); }
};

/// Recognises the format by its first bytes and decodes nothing. Throws engine::DataError with the reason alone.
ImageHeader read_image_header(std::span<const std::byte> file);

}  // namespace data
