#include "data/image/png.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/data/image/decoded.h"
#include "tests/data/image/jpeg_files.h"
#include "tests/data/image/png_files.h"
#include "tests/engine/io/message_of.h"

using data::Extent;

namespace {

constexpr Extent kExtent{.height = 7, .width = 9};

std::string failure(const std::string& file) {
  return message_of<engine::DataError>([&] { decoded(file); });
}

/// A file of one colour type and depth, and the RGB that it shows.
struct Sample {
  std::string file;
  std::vector<std::uint8_t> rgb;
};

/// Sample values are drawn by a rule, `channels` of them for each pixel, and each then becomes a part of the RGB.
template <class ToRgb>
Sample make(const PngFile& file, int channels, const ToRgb& to_rgb) {
  Sample sample;
  std::vector<std::uint8_t> rows;
  const int levels = 1 << file.bit_depth;
  for (std::int64_t y = 0; y < file.extent.height; ++y) {
    int bits = 0, byte = 0;
    for (std::int64_t x = 0; x < file.extent.width; ++x) {
      std::vector<int> values;
      for (int c = 0; c < channels; ++c) {
        const int value = static_cast<int>((y * 7919 + x * 104729 + c * 1299709 + 12345) * 2654435 % 1000003 % levels);
        values.push_back(value);
        if (file.bit_depth == 16) rows.push_back(static_cast<std::uint8_t>(value >> 8));
        byte = byte << file.bit_depth | value;
        bits += file.bit_depth;
        if (bits >= 8) {
          rows.push_back(static_cast<std::uint8_t>(byte));
          bits = 0;
        }
      }
      for (const int value : to_rgb(values)) sample.rgb.push_back(static_cast<std::uint8_t>(value));
    }
    if (bits > 0) rows.push_back(static_cast<std::uint8_t>(byte << (8 - bits)));
  }
  sample.file = png_bytes(file, rows);
  return sample;
}

/// To 8 bits, rounded.
int to_byte(int value, int bit_depth) {
  const int most = (1 << bit_depth) - 1;
  return (value * 255 + most / 2) / most;
}

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (const bool interlaced : {false, true}) {
    PngFile file{.extent = kExtent, .interlaced = interlaced};
    for (const int depth : {1, 2, 4, 8, 16}) {
      file.bit_depth = depth;
      const auto grey = [&](const std::vector<int>& v) { return std::vector<int>(3, to_byte(v[0], depth)); };
      const auto colour = [&](const std::vector<int>& v) {
        return std::vector<int>{to_byte(v[0], depth), to_byte(v[1], depth), to_byte(v[2], depth)};
      };
      file.colour_type = 0;
      all.push_back(make(file, 1, grey));
      if (depth <= 8) {
        file.colour_type = 3;
        for (int i = 0; i < 1 << depth; ++i) {
          for (const int value : {i, 255 - i, 7 * i}) file.palette.push_back(static_cast<std::uint8_t>(value));
        }
        file.transparency = {0, 128};
        const auto entry = [](const std::vector<int>& v) { return std::vector<int>{v[0], 255 - v[0], 7 * v[0]}; };
        all.push_back(make(file, 1, entry));
        file.palette.clear();
        file.transparency.clear();
      }
      if (depth >= 8) {
        file.colour_type = 4;
        all.push_back(make(file, 2, grey));
        file.colour_type = 2;
        all.push_back(make(file, 3, colour));
        file.colour_type = 6;
        all.push_back(make(file, 4, colour));
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("png: every colour type, bit depth and interlacing, alpha dropped") {
  int number = 0;
  for (const Sample& sample : samples()) {
    CAPTURE(number);
    ++number;
    const auto image = decoded(sample.file);
    CHECK(image.extent == kExtent);
    CHECK(image.pixels == sample.rgb);
    std::vector<std::uint8_t> luma;
    for (std::size_t i = 0; i < sample.rgb.size(); i += 3) {
      luma.push_back(static_cast<std::uint8_t>(0.299 * sample.rgb[i] + 0.587 * sample.rgb[i + 1] +
                                               0.114 * sample.rgb[i + 2] + 0.5));
    }
    CHECK(decoded(sample.file, 1).pixels == luma);
  }
  CHECK(number == 30);
}

TEST_CASE("png: a file that is cut anywhere is an error that says where it ends") {
  for (const Sample& sample : samples()) {
    for (std::size_t size = 33; size < sample.file.size(); ++size) {
      CAPTURE(size);
      CHECK(failure(sample.file.substr(0, size)) ==
            engine::concat("PNG: the file ends at byte ", size, ", before its image does"));
    }
  }
}

TEST_CASE("png: any changed byte is an error") {
  const std::string whole = png_bytes({.extent = {.height = 9, .width = 11}, .exif = orientation_tiff(1, true)},
                                      smooth_pixels({.height = 9, .width = 11}, 1));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x20, 0xff}) {
      CAPTURE(i);
      CAPTURE(flip);
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      CHECK_THROWS_AS(decoded(changed), engine::DataError);
    }
  }
}

TEST_CASE("png: an error says what libpng says") {
  std::string file = samples()[0].file;
  file[file.size() - 14] = static_cast<char>(file[file.size() - 14] ^ 1);  // in the checksum of the pixels
  CHECK(failure(file).rfind("PNG: IDAT: CRC error, before byte ", 0) == 0);
}

TEST_CASE("png: the smallest and the thinnest images") {
  for (const Extent extent :
       {Extent{.height = 1, .width = 1}, {.height = 1, .width = 4000}, {.height = 4000, .width = 1}}) {
    for (const bool interlaced : {false, true}) {
      const auto pixels = smooth_pixels(extent, 3);
      const auto image = decoded(png_bytes({.extent = extent, .colour_type = 2, .interlaced = interlaced}, pixels));
      CHECK(image.extent == extent);
      CHECK(image.pixels == pixels);
    }
  }
}
