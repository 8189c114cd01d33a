#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "data/source.h"

/// What a test's JPEG file shows and how it is coded.
struct JpegFile {
  data::Extent extent{.height = 24, .width = 40};
  int components = 3;       ///< 1: grey, 3: colours, 4: inks, as they are stored
  bool transformed = true;  ///< YCbCr of RGB, YCCK of CMYK
  int quality = 100;
  int luma_across = 1, luma_down = 1;  ///< samples of the first component for one of the others
  bool progressive = false, own_tables = false, separate_scans = false;
  int restart_interval = 0;
  std::vector<std::uint8_t> exif = {};  ///< with its signature
};

/// Pixels that change slowly: [height,width,components].
std::vector<std::uint8_t> smooth_pixels(const data::Extent& extent, int components);
/// `file` with smooth pixels.
std::string jpeg_bytes(const JpegFile& file);
std::string jpeg_bytes(const JpegFile& file, const std::vector<std::uint8_t>& pixels);

/// EXIF's data with one tag, of either byte order.
std::vector<std::uint8_t> orientation_tiff(int orientation, bool little_endian);
/// The same as a JPEG segment.
std::vector<std::uint8_t> orientation_exif(int orientation, bool little_endian);
