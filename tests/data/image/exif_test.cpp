#include "data/image/exif.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/data/image/jpeg_files.h"

using data::Extent;

namespace {

int orientation_of(const std::vector<std::uint8_t>& tiff) {
  return data::read_orientation(std::as_bytes(std::span(tiff)));
}

std::string turned(int orientation) {
  const std::string stored = "abcdef";  // abc above def
  std::string shown(6, '?');
  data::orient(reinterpret_cast<const std::uint8_t*>(stored.data()), {.height = 2, .width = 3}, 1, orientation,
               reinterpret_cast<std::uint8_t*>(shown.data()));
  return shown;
}

}  // namespace

TEST_CASE("exif: the orientation in either byte order") {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CHECK(orientation_of(orientation_tiff(orientation, true)) == orientation);
    CHECK(orientation_of(orientation_tiff(orientation, false)) == orientation);
  }
}

TEST_CASE("exif: an orientation of 32 bits, behind another tag") {
  CHECK(orientation_of({'M',  'M',  0, 42, 0, 0, 0, 8, 0,   2,                    // two tags
                        0x01, 0x0f, 0, 2,  0, 0, 0, 4, 'a', 'b', 'c', 0,          // maker
                        0x01, 0x12, 0, 4,  0, 0, 0, 1, 0,   0,   0,   6}) == 6);  // orientation
}

TEST_CASE("exif: whatever is invalid counts as 1") {
  for (const int orientation : {0, 9, 255}) CHECK(orientation_of(orientation_tiff(orientation, true)) == 1);
  CHECK(orientation_of({}) == 1);
  CHECK(orientation_of({'I', 'M', 42, 0, 8, 0, 0, 0}) == 1);
  const std::vector<std::uint8_t> whole = orientation_tiff(6, true);
  for (std::size_t size = 0; size < whole.size() - 7; ++size)
    CHECK(orientation_of({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}) == 1);
  std::vector<std::uint8_t> text = whole;
  text[12] = 2;  // the tag's type
  CHECK(orientation_of(text) == 1);
  std::vector<std::uint8_t> elsewhere = whole;
  elsewhere[7] = 0xff;  // the directory lies outside
  CHECK(orientation_of(elsewhere) == 1);
}

TEST_CASE("exif: images are turned and mirrored, as the standard's table of rows and columns says") {
  CHECK(turned(1) == "abcdef");
  CHECK(turned(2) == "cbafed");
  CHECK(turned(3) == "fedcba");
  CHECK(turned(4) == "defabc");
  CHECK(turned(5) == "adbecf");  // three rows of two from here on
  CHECK(turned(6) == "daebfc");
  CHECK(turned(7) == "fcebda");
  CHECK(turned(8) == "cfbead");
  CHECK(data::oriented({.height = 2, .width = 3}, 4) == Extent{.height = 2, .width = 3});
  CHECK(data::oriented({.height = 2, .width = 3}, 5) == Extent{.height = 3, .width = 2});
}

TEST_CASE("exif: pixels of three channels stay together") {
  const std::uint8_t stored[] = {1, 2, 3, 4, 5, 6};
  std::uint8_t shown[6];
  data::orient(stored, {.height = 1, .width = 2}, 3, 8, shown);
  CHECK(std::vector<int>(shown, shown + 6) == std::vector<int>{4, 5, 6, 1, 2, 3});
}
