#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "data/source.h"

/// How a test's PNG file is coded. `rows` are the bytes of its rows in turn, each beginning at a whole byte; 16-bit
/// samples have their high byte first.
struct PngFile {
  data::Extent extent;
  int colour_type = 0;  ///< 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
  int bit_depth = 8;
  bool interlaced = false;
  std::vector<std::uint8_t> palette = {};       ///< RGB
  std::vector<std::uint8_t> transparency = {};  ///< alpha of the first entries of the palette
  std::vector<std::uint8_t> exif = {};
};

std::string png_bytes(const PngFile& file, const std::vector<std::uint8_t>& rows);
