#include "data/image/header.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/data/image/decoded.h"
#include "tests/data/image/jpeg_files.h"
#include "tests/data/image/png_files.h"
#include "tests/engine/io/message_of.h"

using data::Extent;
using data::ImageFormat;
using data::read_image_header;

namespace {

std::string failure(const std::string& file) {
  return message_of<engine::DataError>([&] { read_image_header(bytes_of(file)); });
}

std::string png_of(const Extent& extent, const std::vector<std::uint8_t>& exif = {}) {
  return png_bytes({.extent = extent, .exif = exif},
                   std::vector<std::uint8_t>(static_cast<std::size_t>(extent.pixels()), 7));
}

}  // namespace

TEST_CASE("image header: size and orientation of JPEG") {
  const auto header = read_image_header(bytes_of(jpeg_bytes({.extent = {.height = 30, .width = 517}})));
  CHECK(header.format == ImageFormat::jpeg);
  CHECK(header.stored == Extent{.height = 30, .width = 517});
  CHECK(header.orientation == 1);
  const auto turned =
      read_image_header(bytes_of(jpeg_bytes({.progressive = true, .exif = orientation_exif(6, false)})));
  CHECK(turned.orientation == 6);
  CHECK(turned.stored == Extent{.height = 24, .width = 40});
  CHECK(turned.shown() == Extent{.height = 40, .width = 24});
}

TEST_CASE("image header: the first EXIF segment counts, and another APP1 segment is none") {
  std::string file = jpeg_bytes({.exif = orientation_exif(3, true)});
  const std::string text("\xff\xe1\x00\x0chttp://x\0\0", 14);
  file.insert(2, text);
  CHECK(read_image_header(bytes_of(file)).orientation == 3);
}

TEST_CASE("image header: size and orientation of PNG") {
  const auto header = read_image_header(bytes_of(png_of({.height = 3, .width = 70000}, orientation_tiff(5, true))));
  CHECK(header.format == ImageFormat::png);
  CHECK(header.stored == Extent{.height = 3, .width = 70000});
  CHECK(header.shown() == Extent{.height = 70000, .width = 3});
}

TEST_CASE("image header: bytes between JPEG's segments are skipped") {
  std::string file = jpeg_bytes({});
  file.insert(2, std::string("\x00\x12\xff\x00\xff", 5));
  CHECK(read_image_header(bytes_of(file)).stored == Extent{.height = 24, .width = 40});
}

TEST_CASE("image header: says what is wrong") {
  CHECK(failure("") == "the file is empty, expected JPEG or PNG");
  CHECK(failure("GIF89a...") == "neither JPEG nor PNG: the file starts with other bytes");
  CHECK(failure("\xff\xd8\xff\xd9") == "JPEG: no size before byte 2");
  CHECK(failure("\xff\xd8\xff") == "JPEG: the file ends at byte 3, inside its header");
  CHECK(failure("\xff\xd8\xff\xe0\x7f\xff...") == "JPEG: the file ends at byte 9, inside its header");
  CHECK(failure(std::string("\xff\xd8\xff\xe0\x00\x01", 6)) == "JPEG: the segment at byte 2 has the length 1");
  CHECK(failure(std::string("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x00\x05\x01\x01\x11\x00", 15)) ==
        "JPEG: the header says 5 x 0 pixels");
  const std::string png = png_of({.height = 1, .width = 1});
  CHECK(failure(png.substr(0, 20)) == "PNG: the file ends at byte 20, inside its header");
  std::string other = png;
  other[12] = 'X';
  CHECK(failure(other) == "PNG: expected the header (IHDR) at byte 12");
  std::string empty = png;
  empty[19] = 0;
  CHECK(failure(empty) == "PNG: the header says 0 x 1 pixels");
}
