#include "data/image/jpeg.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/runtime/error.h"
#include "tests/data/image/decoded.h"
#include "tests/data/image/jpeg_files.h"
#include "tests/engine/io/message_of.h"

using data::Extent;
using data::JpegDecoder;

namespace {

std::string failure(const std::string& file, const data::ImageLimits& limits = {}) {
  return message_of<engine::DataError>([&] { decoded(file, 3, {}, limits); });
}

/// The position of the `n`-th marker.
std::size_t find_marker(const std::string& file, int code, int n = 0) {
  const std::string marker = {'\xff', static_cast<char>(code)};
  std::size_t at = file.find(marker);
  for (; n > 0; --n) at = file.find(marker, at + 2);
  return at;
}

bool starts_with(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

}  // namespace

TEST_CASE("jpeg: every chroma sampling, way of coding and restart interval gives the image back") {
  const Extent extent{.height = 53, .width = 75};  // neither divides by 8 or 16
  const auto expected = smooth_pixels(extent, 3);
  for (const auto& [across, down] : {std::pair{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}}) {
    for (const bool progressive : {false, true}) {
      for (const int restart : {0, 1, 3}) {
        CAPTURE(across);
        CAPTURE(down);
        CAPTURE(progressive);
        CAPTURE(restart);
        const auto image = decoded(jpeg_bytes({.extent = extent,
                                               .luma_across = across,
                                               .luma_down = down,
                                               .progressive = progressive,
                                               .restart_interval = restart}));
        CHECK(image.extent == extent);
        // Steps of the smooth image, of a few levels, are blurred within the block of pixels that share a colour.
        CHECK(distance(image.pixels, expected) <= (across == 4 ? 8 : 5));
      }
    }
  }
}

TEST_CASE("jpeg: grey becomes three equal channels, and one") {
  const std::string file = jpeg_bytes({.components = 1});
  const auto expected = smooth_pixels({.height = 24, .width = 40}, 1);
  const auto grey = decoded(file, 1), colour = decoded(file, 3);
  CHECK(distance(grey.pixels, expected) <= 2);
  REQUIRE(colour.pixels.size() == 3 * grey.pixels.size());
  for (std::size_t i = 0; i < colour.pixels.size(); ++i) CHECK(colour.pixels[i] == grey.pixels[i / 3]);
}

TEST_CASE("jpeg: grey of colours is their luma, also where they are stored as RGB") {
  const auto pixels = smooth_pixels({.height = 24, .width = 40}, 3);
  std::vector<std::uint8_t> expected;
  for (std::size_t i = 0; i < pixels.size(); i += 3)
    expected.push_back(
        static_cast<std::uint8_t>(0.299 * pixels[i] + 0.587 * pixels[i + 1] + 0.114 * pixels[i + 2] + 0.5));
  CHECK(distance(decoded(jpeg_bytes({}), 1).pixels, expected) <= 2);
  const std::string rgb = jpeg_bytes({.transformed = false});
  CHECK(distance(decoded(rgb, 1).pixels, expected) <= 2);
  CHECK(distance(decoded(rgb, 3).pixels, pixels) <= 2);
}

TEST_CASE("jpeg: inks, plain and transformed, become RGB as Adobe stores them") {
  const Extent extent{.height = 24, .width = 40};
  const auto inks = smooth_pixels(extent, 4);
  std::vector<std::uint8_t> expected;
  for (std::size_t i = 0; i < inks.size(); i += 4) {
    for (std::size_t c = 0; c < 3; ++c)
      expected.push_back(static_cast<std::uint8_t>(inks[i + c] * inks[i + 3] / 255.0 + 0.5));
  }
  for (const bool transformed : {false, true}) {
    const std::string file = jpeg_bytes({.components = 4, .transformed = transformed});
    const auto image = decoded(file);
    CHECK(image.extent == extent);
    CHECK(distance(image.pixels, expected) <= 6);
    const auto grey = decoded(file, 1);
    REQUIRE(3 * grey.pixels.size() == expected.size());
    for (std::size_t i = 0; i < grey.pixels.size(); ++i) {
      const std::uint8_t* rgb = image.pixels.data() + 3 * i;
      CHECK(std::abs(grey.pixels[i] - (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2])) < 0.501);
    }
  }
}

TEST_CASE("jpeg: a hint scales to the smallest size that is large enough") {
  const Extent stored{.height = 400, .width = 301};
  CHECK(JpegDecoder::fewest_eighths(stored, 0) == 8);
  CHECK(JpegDecoder::fewest_eighths(stored, 1) == 1);
  CHECK(JpegDecoder::fewest_eighths(stored, 38) == 1);
  CHECK(JpegDecoder::fewest_eighths(stored, 39) == 2);
  CHECK(JpegDecoder::fewest_eighths(stored, 76) == 2);
  CHECK(JpegDecoder::fewest_eighths(stored, 77) == 4);
  CHECK(JpegDecoder::fewest_eighths(stored, 151) == 4);
  CHECK(JpegDecoder::fewest_eighths(stored, 152) == 8);
  CHECK(JpegDecoder::fewest_eighths(stored, 5000) == 8);
  for (const int eighths : {4, 2, 1}) {
    const Extent extent = JpegDecoder::scaled(stored, eighths);
    const auto image =
        decoded(jpeg_bytes({.extent = stored, .luma_across = 2, .luma_down = 2}), 3, {.least_side = extent.width});
    CHECK(image.extent == extent);
    // The means of the blocks of pixels that become one, in the middle of the image.
    const auto pixels = smooth_pixels(stored, 3);
    const std::int64_t block = 8 / eighths;
    for (std::int64_t c = 0; c < 3; ++c) {
      double sum = 0;
      const std::int64_t y = extent.height / 2, x = extent.width / 2;
      for (std::int64_t i = 0; i < block * block; ++i) {
        const std::int64_t row = y * block + i / block, column = x * block + i % block;
        sum += pixels[static_cast<std::size_t>((row * stored.width + column) * 3 + c)];
      }
      const int got = image.pixels[static_cast<std::size_t>((y * extent.width + x) * 3 + c)];
      CHECK(got == doctest::Approx(sum / static_cast<double>(block * block)).epsilon(0.02));
    }
  }
}

TEST_CASE("jpeg: the smallest and the thinnest images") {
  for (const Extent extent :
       {Extent{.height = 1, .width = 1}, {.height = 1, .width = 4000}, {.height = 4000, .width = 1}}) {
    for (const bool progressive : {false, true}) {
      const auto image =
          decoded(jpeg_bytes({.extent = extent, .luma_across = 2, .luma_down = 2, .progressive = progressive}));
      CHECK(image.extent == extent);
      CHECK(distance(image.pixels, smooth_pixels(extent, 3)) <= 4);
    }
  }
}

TEST_CASE("jpeg: a file that is cut anywhere is an error that says where it ends") {
  for (const JpegFile& file : {JpegFile{.quality = 80},
                               {.quality = 80, .luma_across = 2, .luma_down = 2, .progressive = true},
                               {.components = 4, .restart_interval = 2},
                               {.components = 1, .separate_scans = true}}) {
    const std::string whole = jpeg_bytes(file);
    std::vector<std::size_t> sizes;
    for (std::size_t size = 3; size < whole.size(); size += 10) sizes.push_back(size);
    for (std::size_t left = 1; left <= 12; ++left) sizes.push_back(whole.size() - left);
    for (const std::size_t size : sizes) {
      CAPTURE(size);
      CHECK(starts_with(failure(whole.substr(0, size)), engine::concat("JPEG: the file ends at byte ", size)));
    }
  }
}

TEST_CASE("jpeg: changed bytes give an error or an image of the size that the file says") {
  for (const JpegFile& file :
       {JpegFile{.quality = 80}, {.quality = 80, .progressive = true}, {.restart_interval = 1}}) {
    const std::string whole = jpeg_bytes(file);
    int errors = 0, images = 0;
    for (std::size_t i = 0; i < whole.size(); i += 3) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ (i % 2 == 0 ? 0x55 : 0xff));
      try {
        const auto image = decoded(changed);
        CHECK(image.extent == data::ImageDecoder().size_of(bytes_of(changed)));
        ++images;
      } catch (const engine::DataError&) { ++errors; }
    }
    CHECK(errors > 20);
    CHECK(images > 0);
  }
}

TEST_CASE("jpeg: samples that are missing before the end marker are an error, and not grey") {
  const std::string whole = jpeg_bytes({.extent = {.height = 64, .width = 64}, .quality = 90});
  std::string hole = whole;
  hole.erase(whole.size() / 2, whole.size() / 4);
  CHECK(starts_with(failure(hole), "JPEG: Corrupt JPEG data"));
  const std::string restarts = jpeg_bytes({.extent = {.height = 64, .width = 64}, .restart_interval = 1});
  const std::size_t from = find_marker(restarts, 0xd1), to = find_marker(restarts, 0xd3);
  std::string lost = restarts;
  lost.erase(from, to - from);
  CHECK(starts_with(failure(lost), "JPEG: Corrupt JPEG data"));
}

TEST_CASE("jpeg: a colour component without a scan is an error") {
  const std::string whole = jpeg_bytes({.separate_scans = true});
  std::string two = whole;
  two.erase(find_marker(whole, 0xda, 2), whole.size() - 2 - find_marker(whole, 0xda, 2));
  CHECK(failure(two) == "JPEG: a colour component of the image is missing");
  CHECK(distance(decoded(whole).pixels, smooth_pixels({.height = 24, .width = 40}, 3)) <= 3);
}

TEST_CASE("jpeg: what some cameras write is no error") {
  const std::string plain = jpeg_bytes({.quality = 90});
  const auto expected = decoded(plain).pixels;
  std::string file = plain;
  file.insert(plain.size() - 2, "beyond");  // before the end marker
  CHECK(decoded(file).pixels == expected);
  file = plain;
  file.insert(find_marker(plain, 0xdb), std::string(3, '\x01'));  // before a segment
  CHECK(decoded(file).pixels == expected);
  CHECK(decoded(plain + "a thumbnail").pixels == expected);  // behind it
}

TEST_CASE("jpeg: more scans than allowed are refused") {
  const std::string file = jpeg_bytes({.progressive = true});
  CHECK(decoded(file).extent == Extent{.height = 24, .width = 40});
  CHECK(starts_with(failure(file, {.most_scans = 5}), "JPEG: the image has more than 5 scans, near byte "));
}

TEST_CASE("jpeg: the tables of one file do not serve another") {
  const std::string own = jpeg_bytes({.quality = 30, .own_tables = true}), plain = jpeg_bytes({.quality = 90});
  std::string without = plain;  // its tables are the standard's, which decoders know
  while (true) {
    const std::size_t at = find_marker(without, 0xc4);
    if (at == std::string::npos) break;
    const auto length = static_cast<std::size_t>(static_cast<std::uint8_t>(without[at + 2]) << 8 |
                                                 static_cast<std::uint8_t>(without[at + 3]));
    without.erase(at, 2 + length);
  }
  const auto expected = decoded(plain).pixels;
  data::ImageDecoder decoder;
  data::Example example;
  decoder.decode(bytes_of(own), {}, 3, example);
  decoder.decode(bytes_of(without), {}, 3, example);
  CHECK(example.pixels == expected);
  std::string no_quantization = plain;
  no_quantization.erase(find_marker(plain, 0xdb), find_marker(plain, 0xc0) - find_marker(plain, 0xdb));
  CHECK_THROWS_AS(decoder.decode(bytes_of(no_quantization), {}, 3, example), engine::DataError);
}

TEST_CASE("jpeg: what libjpeg cannot decode is said") {
  std::string deep = jpeg_bytes({});
  deep[find_marker(deep, 0xc0) + 4] = 12;  // bits of a sample
  CHECK(starts_with(failure(deep), "JPEG: Unsupported JPEG data precision 12, near byte "));
}
