#include "apps/objectives/reconstructions.h"

#include <doctest/doctest.h>
#include <png.h>

#include <cmath>

#include "tests/engine/io/scratch_directory.h"

using apps::ImagePlanes;
using engine::Shape;

namespace {

struct Picture {
  std::int64_t height, width, channels;
  std::vector<std::uint8_t> pixels;
  int at(std::int64_t y, std::int64_t x, std::int64_t c = 0) const {
    return pixels[static_cast<std::size_t>((y * width + x) * channels + c)];
  }
};

Picture drawn(const ImagePlanes& layout, const std::vector<float>& images, const std::vector<float>& logits) {
  const ScratchDirectory scratch;
  const auto path = scratch / "sheet.png";
  apps::reconstructions(layout, images, logits).write(path);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, path.c_str()));
  const bool grey = (image.format & PNG_FORMAT_FLAG_COLOR) == 0;
  image.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  Picture picture{image.height, image.width, grey ? 1 : 3, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image))};
  REQUIRE(png_image_finish_read(&image, nullptr, picture.pixels.data(), 0, nullptr));
  return picture;
}

}  // namespace

TEST_CASE("reconstructions: pairs of an image and its reconstruction, four in a row, magnified") {
  const Shape planes{5, 56, 56, 1};
  std::vector<float> images, logits;
  for (int n = 0; n < 5; ++n) {
    for (int i = 0; i < 56 * 56; ++i) {
      images.push_back(0.2f * static_cast<float>(n));
      logits.push_back(n == 0 ? 0.0f : 100.0f);
    }
  }
  const Picture picture = drawn({.planes = planes}, images, logits);
  CHECK(picture.channels == 1);
  CHECK(picture.height == 2 * (2 * 56 + 1) + 1);  // two rows at scale 2, with lines
  CHECK(picture.width == 8 * (2 * 56 + 1) + 1);
  const auto of_cell = [&](int row, int column) { return picture.at(row * 113 + 50, column * 113 + 50); };
  CHECK(of_cell(0, 0) == 0);
  CHECK(of_cell(0, 1) == 128);  // the logit 0
  CHECK(of_cell(0, 2) == 51);
  CHECK(of_cell(0, 3) == 255);
  CHECK(of_cell(0, 6) == 153);
  CHECK(of_cell(1, 0) == 204);
  CHECK(of_cell(1, 1) == 255);
}

TEST_CASE("reconstructions: bits are blocks below the picture, of a reconstruction the mean of the plane") {
  constexpr int kBits = 3;
  const Shape planes{1, 112, 112, 3 + kBits};
  std::vector<float> images, logits;
  for (int i = 0; i < 112 * 112; ++i) {
    for (const float value : {1.0f, 0.0f, 0.6f, 1.0f, 0.0f, 1.0f}) images.push_back(value);
    const float left = i % 112 < 56 ? 100.0f : -100.0f;  // a plane that is 1 in its left half
    for (const float logit : {100.0f, -100.0f, 0.0f, 100.0f, -100.0f, left}) logits.push_back(logit);
  }
  const Picture picture = drawn({.planes = planes, .bit_planes = kBits}, images, logits);
  CHECK(picture.channels == 3);
  constexpr int kPitch = 112 / 16;
  CHECK(picture.height == 112 + kPitch + 2);
  CHECK(picture.at(50, 50, 0) == 255);
  CHECK(picture.at(50, 50, 1) == 0);
  CHECK(picture.at(50, 50, 2) == 153);
  const auto bit = [&](int column, int number) {
    return picture.at(1 + 112 + kPitch / 2, 1 + column * 113 + number * kPitch + kPitch / 2, 1);
  };
  CHECK(bit(0, 0) == 255);
  CHECK(bit(0, 1) == 0);
  CHECK(bit(0, 2) == 255);
  CHECK(bit(1, 0) == 255);
  CHECK(bit(1, 1) == 0);
  CHECK(bit(1, 2) == 128);
  CHECK(bit(1, 4) == 96);  // no bit: the ground
}

TEST_CASE("reconstructions: more bits than fit into a row take several") {
  constexpr int kBits = 20;
  const Shape planes{1, 28, 28, 1 + kBits};
  std::vector<float> images;
  for (int i = 0; i < 28 * 28; ++i) {
    images.push_back(0);
    for (int bit = 0; bit < kBits; ++bit) images.push_back(bit == kBits - 1 ? 1.0f : 0.0f);
  }
  const std::vector<float> logits(images.size(), -100);
  const Picture picture = drawn({.planes = planes, .bit_planes = kBits}, images, logits);
  CHECK(picture.height == 4 * (28 + 3 * 4) + 2);  // 7 blocks of 4 pixels in each of three rows, at scale 4
  CHECK(picture.at(1 + 4 * (28 + 2 * 4 + 2), 1 + 4 * (5 * 4 + 1)) == 255);  // the last one
  CHECK(picture.at(1 + 4 * (28 + 2 * 4 + 2), 1 + 4 * (4 * 4 + 1)) == 0);
}
