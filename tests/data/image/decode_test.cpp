#include "data/image/decode.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "data/image/exif.h"
#include "engine/io/sha256.h"
#include "kernels/runtime/error.h"
#include "tests/data/image/decoded.h"
#include "tests/data/image/jpeg_files.h"
#include "tests/data/image/png_files.h"
#include "tests/engine/io/message_of.h"

using data::Extent;

namespace {

std::string png_of(const Extent& extent, int components, const std::vector<std::uint8_t>& exif = {}) {
  return png_bytes({.extent = extent, .colour_type = components == 1 ? 0 : 2, .exif = exif},
                   smooth_pixels(extent, components));
}

/// A PNG file whose header says another size. The checksum of the header is wrong then.
std::string png_that_pretends(std::uint32_t height, std::uint32_t width) {
  std::string file = png_of({.height = 2, .width = 2}, 3);
  for (std::size_t i = 0; i < 4; ++i) {
    file[16 + i] = static_cast<char>(width >> (24 - 8 * i));
    file[20 + i] = static_cast<char>(height >> (24 - 8 * i));
  }
  return file;
}

}  // namespace

TEST_CASE("image names: by their ending, in any case") {
  for (const char* name : {"a.jpg", "a.JPG", "n01440764_10026.JPEG", "a b.jpeg", "x.tar.png", "\xc3\xa4.PnG", ".png"})
    CHECK(data::is_image_name(name));
  for (const char* name : {"", "png", "a.gif", "a.jpg.txt", "jpeg.", "a.jpg/"}) CHECK_FALSE(data::is_image_name(name));
}

TEST_CASE("image decoder: turns and mirrors by EXIF, in both formats and both channel counts") {
  const Extent stored{.height = 24, .width = 40};
  for (const int channels : {1, 3}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const std::string plain = jpeg_bytes({}),
                        jpeg = jpeg_bytes({.exif = orientation_exif(orientation, orientation % 2 == 0)}),
                        png = png_of(stored, 3, orientation_tiff(orientation, false));
      for (const auto& [file, unturned] : {std::pair{jpeg, plain}, {png, png_of(stored, 3)}}) {
        const auto image = decoded(file, channels), before = decoded(unturned, channels);
        std::vector<std::uint8_t> expected(before.pixels.size());
        data::orient(before.pixels.data(), stored, channels, orientation, expected.data());
        CHECK(image.extent == data::oriented(stored, orientation));
        CHECK(image.extent == data::ImageDecoder().size_of(bytes_of(file)));
        CHECK(image.pixels == expected);
      }
    }
  }
}

TEST_CASE("image decoder: a hint is for the image as it is shown, and leaves PNG alone") {
  const std::string jpeg = jpeg_bytes({.extent = {.height = 80, .width = 160}, .exif = orientation_exif(6, true)});
  CHECK(decoded(jpeg, 3, {.least_side = 40}).extent == Extent{.height = 80, .width = 40});
  const Extent extent{.height = 80, .width = 160};
  CHECK(decoded(png_of(extent, 1), 3, {.least_side = 40}).extent == extent);
}

TEST_CASE("image decoder: is used again after images of other sizes, formats and errors") {
  data::ImageDecoder decoder;
  data::Example example;
  const std::string files[] = {jpeg_bytes({}),
                               png_of({.height = 5, .width = 3}, 1),
                               jpeg_bytes({.exif = orientation_exif(8, true)}),
                               jpeg_bytes({.components = 4}),
                               jpeg_bytes({.progressive = true}),
                               png_of({.height = 50, .width = 30}, 3)};
  for (int round = 0; round < 3; ++round) {
    for (const std::string& file : files) {
      for (const int channels : {3, 1}) {
        decoder.decode(bytes_of(file), {}, channels, example);
        CHECK(example.pixels == decoded(file, channels).pixels);
        const std::string cut = file.substr(0, file.size() - 5);
        CHECK_THROWS_AS(decoder.decode(bytes_of(cut), {}, channels, example), engine::DataError);
      }
    }
  }
}

TEST_CASE("image decoder: refuses bombs before it allocates anything") {
  data::ImageDecoder decoder;
  data::Example example;
  const auto failure = [&](const std::string& file) {
    CHECK_THROWS_AS(decoder.size_of(bytes_of(file)), engine::DataError);
    return message_of<engine::DataError>([&] { decoder.decode(bytes_of(file), {.least_side = 1}, 3, example); });
  };
  CHECK(failure(png_that_pretends(100000, 100000)) ==
        "the image has 100000 x 100000 pixels, and more than 134217728 are refused");
  CHECK(failure(png_that_pretends(0xffffffff, 0xffffffff)) ==
        "the image has 4294967295 x 4294967295 pixels, and more than 134217728 are refused");
  std::string jpeg = jpeg_bytes({});
  jpeg.replace(jpeg.find("\xff\xc0") + 5, 4, "\xff\xdc\xff\xdc");
  CHECK(failure(jpeg) == "the image has 65500 x 65500 pixels, and more than 134217728 are refused");
  CHECK(example.pixels.capacity() == 0);
}

TEST_CASE("image decoder: the limit is exact") {
  const std::string file = png_of({.height = 10, .width = 12}, 1);
  CHECK(decoded(file, 3, {}, {.most_pixels = 120}).extent.pixels() == 120);
  CHECK_THROWS_AS(decoded(file, 3, {}, {.most_pixels = 119}), engine::DataError);
}

TEST_CASE("image decoder: gives grey or RGB and nothing else") {
  CHECK_THROWS_WITH_AS(decoded(jpeg_bytes({}), 4), "image: expected 1 or 3 channels, got 4", engine::Error);
}

// tests/data/image/make_pil_values says what is in the file. Both decoders are libjpeg-turbo with the accurate integer
// DCT, which is specified to the bit.
TEST_CASE("image decoder: photographs from ImageNet decode to PIL's bytes, whole and at half the size") {
  const char* root = std::getenv("ANTIPODE_DATA");
  const std::filesystem::path directory = std::filesystem::path(root != nullptr ? root : "") / "imagenet-samples";
  if (root == nullptr || !is_directory(directory)) {
    MESSAGE("[skipped] set ANTIPODE_DATA to a directory with imagenet-samples/ in it");
    return;
  }
  std::ifstream values(IMAGE_VALUES "/pil_photographs.txt");
  std::string line;
  int photographs = 0;
  data::ImageDecoder decoder;
  while (std::getline(values, line)) {
    std::istringstream words(line);
    std::string name, hash;
    Extent extent;
    std::int64_t least_side = 0;
    words >> name >> least_side >> extent.height >> extent.width >> hash;
    CAPTURE(line);
    std::ifstream file(directory / name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    data::Example example;
    decoder.decode(bytes_of(bytes), {.least_side = least_side}, 3, example);
    CHECK(example.extent == extent);
    CHECK(engine::sha256(std::as_bytes(std::span(example.pixels))) == hash);
    ++photographs;
  }
  CHECK(photographs == 128);
}
