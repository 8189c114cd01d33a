#include "data/contact_sheet.h"

#include <doctest/doctest.h>
#include <png.h>
#include <sys/stat.h>

#include <filesystem>

#include "data/text.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::ContactSheet;
using data::write_png;
using engine::Shape;

namespace {

struct Picture {
  Shape shape;
  std::vector<std::uint8_t> pixels;
  int at(std::int64_t y, std::int64_t x, std::int64_t c = 0) const {
    return pixels[static_cast<std::size_t>((y * shape[1] + x) * shape[2] + c)];
  }
};

Picture read_png(const std::filesystem::path& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, path.c_str()));
  const bool grey = (image.format & PNG_FORMAT_FLAG_COLOR) == 0;
  image.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  Picture picture{{image.height, image.width, grey ? 1 : 3}, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image))};
  REQUIRE(png_image_finish_read(&image, nullptr, picture.pixels.data(), 0, nullptr));
  return picture;
}

std::vector<std::uint8_t> ramp(std::int64_t count) {
  std::vector<std::uint8_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<std::uint8_t>(i * 37 + 5));
  return values;
}

}  // namespace

TEST_CASE("png: grey and RGB come back byte for byte") {
  const ScratchDirectory scratch;
  for (const Shape shape : {Shape{5, 7, 1}, Shape{5, 7, 3}, Shape{1, 1, 1}}) {
    const std::vector<std::uint8_t> pixels = ramp(shape.elements());
    write_png(scratch / "file.png", shape, pixels);
    const Picture picture = read_png(scratch / "file.png");
    CHECK(picture.shape == shape);
    CHECK(picture.pixels == pixels);
  }
}

TEST_CASE("png: says what it cannot write, and leaves no half a file") {
  const ScratchDirectory scratch;
  const auto path = scratch / "absent" / "file.png";
  const std::uint8_t pixel[2] = {};
  CHECK(message_of<engine::Error>([&] {
          write_png(path, {1, 1, 1}, {pixel, 1});
        }).find(path.string()) != std::string::npos);
  CHECK_THROWS_WITH_AS(write_png(scratch / "file.png", {1, 1, 2}, pixel),
                       "png: expected [H,W,1] or [H,W,3] and as many bytes, got [1,1,2] and 2 bytes", engine::Error);
  CHECK_THROWS_AS(write_png(scratch / "file.png", {1, 1, 1}, pixel), engine::Error);
  CHECK_THROWS_AS(write_png(scratch / "file.png", {0, 1, 1}, {}), engine::Error);
  CHECK_FALSE(exists(scratch / "file.png"));
}

TEST_CASE("png: takes the place of files only, and not of links to them") {
  const ScratchDirectory scratch;
  const std::uint8_t grey[] = {7};
  const std::filesystem::path pipe = scratch / "pipe", link = scratch / "link", file = scratch / "file";
  mkfifo(pipe.c_str(), 0600);
  CHECK(message_of<engine::Error>([&] {
          data::write_png(pipe, {1, 1, 1}, grey);
        }) == "cannot write " + pipe.string() + ": it is there and no regular file");
  CHECK(std::filesystem::is_fifo(pipe));
  data::write_png(file, {1, 1, 1}, grey);
  const auto bytes = std::filesystem::file_size(file);
  std::filesystem::resize_file(file, 0);
  std::filesystem::create_symlink(file, link);
  data::write_png(link, {1, 1, 1}, grey);
  CHECK(std::filesystem::is_symlink(link));
  CHECK(std::filesystem::file_size(file) == bytes);
}

TEST_CASE("contact sheet: magnifies, separates and leaves empty cells grey") {
  const ScratchDirectory scratch;
  ContactSheet sheet({.rows = 2, .columns = 2, .cell = {2, 3, 1}, .scale = 2});
  const std::uint8_t bytes[6] = {10, 20, 30, 40, 50, 60};
  const float floats[2 * 2 * 3] = {0, 9, 9, 0.5f, 9, 9, 1, 9, 9, 1.5f, 9, 9};  // [2,2,3]: two more planes, not shown
  sheet.place(0, 1, {2, 3, 1}, bytes);
  sheet.place(1, 0, {2, 2, 3}, floats);
  sheet.write(scratch / "sheet.png");
  const Picture picture = read_png(scratch / "sheet.png");
  CHECK(picture.shape == Shape{2 * 5 + 1, 2 * 7 + 1, 1});
  for (std::int64_t y = 0; y < 11; ++y) {
    for (std::int64_t x = 0; x < 15; ++x) {
      int expected = 96;
      if (y >= 1 && y < 5 && x >= 8 && x < 14) expected = bytes[(y - 1) / 2 * 3 + (x - 8) / 2];
      const int quantised[4] = {0, 128, 255, 255};
      if (y >= 6 && y < 10 && x >= 1 && x < 5) expected = quantised[(y - 6) / 2 * 2 + (x - 1) / 2];
      CHECK(picture.at(y, x) == expected);
    }
  }
}

TEST_CASE("contact sheet: colour cells") {
  const ScratchDirectory scratch;
  ContactSheet sheet({.rows = 1, .columns = 1, .cell = {1, 1, 3}, .scale = 3});
  const std::uint8_t colour[3] = {1, 2, 3};
  sheet.place(0, 0, {1, 1, 3}, colour);
  sheet.write(scratch / "sheet.png");
  const Picture picture = read_png(scratch / "sheet.png");
  for (int c = 0; c < 3; ++c) CHECK(picture.at(3, 3, c) == c + 1);
}

TEST_CASE("contact sheet: refuses what does not fit") {
  ContactSheet sheet({.rows = 1, .columns = 1, .cell = {2, 2, 1}});
  const std::uint8_t bytes[9] = {};
  CHECK_THROWS_WITH_AS(sheet.place(0, 0, {3, 3, 1}, bytes),
                       "contact sheet: an image [3,3,1] does not fit a cell [2,2,1]", engine::Error);
  CHECK_THROWS_WITH_AS(sheet.place(1, 0, {2, 2, 1}, bytes), "contact sheet: there is no cell (1, 0) among 1 x 1",
                       engine::Error);
  CHECK_THROWS_AS(ContactSheet({.cell = {2, 2, 2}}), engine::Error);
  CHECK_THROWS_AS(ContactSheet({.rows = 0, .cell = {2, 2, 1}}), engine::Error);
  CHECK_THROWS_AS(ContactSheet({.rows = 4000, .cell = {28, 28, 1}}), engine::Error);
}

TEST_CASE("contact sheet: captions stand under their cells, as many lines of them as there is room") {
  const ScratchDirectory scratch;
  ContactSheet sheet({.rows = 2, .columns = 2, .cell = {4, 16, 1}, .caption_lines = 2});
  CHECK(sheet.lines("T") == 1);
  CHECK(sheet.lines("TT TT") == 2);
  sheet.caption(1, 0, "T T T T T");
  sheet.write(scratch / "sheet.png");
  const Picture picture = read_png(scratch / "sheet.png");
  CHECK(picture.shape[0] == 2 * (4 + 2 * data::kTextLine + 1) + 1);
  std::int64_t left = 0, right = 0, above = 0;
  for (std::int64_t y = 0; y < picture.shape[0]; ++y) {
    for (std::int64_t x = 0; x < picture.shape[1]; ++x) {
      const bool white = picture.at(y, x) == 255;
      (y < picture.shape[0] / 2 ? above : x < picture.shape[1] / 2 ? left : right) += white;
    }
  }
  CHECK(above == 0);
  CHECK(right == 0);
  CHECK(left == 2 * 28);  // two lines of one T: two columns of characters, of which a space is one
  CHECK_THROWS_WITH_AS(sheet.caption(2, 0, "T"), "contact sheet: there is no cell (2, 0) among 2 x 2", engine::Error);
}
