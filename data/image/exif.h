#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "data/source.h"

namespace data {

/// How an image is turned and mirrored before it is shown: tag 0x0112 of EXIF, 1 to 8. 1 leaves it as it is stored;
/// from 5 on, rows become columns.
using Orientation = int;

/// From EXIF's data, which begin with a TIFF header. Whatever is missing, malformed or outside 1 to 8 counts as 1, as
/// in other readers: damaged tags say nothing about the image.
Orientation read_orientation(std::span<const std::byte> tiff);

/// The size of an image after its orientation.
Extent oriented(const Extent& stored, Orientation orientation);

/// Copies the image [height,width,channels] as `orientation` says. `to` has oriented(stored) pixels.
void orient(const std::uint8_t* from, const Extent& stored, int channels, Orientation orientation, std::uint8_t* to);

}  // namespace data
