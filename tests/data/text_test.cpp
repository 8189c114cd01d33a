#include "data/text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using data::draw_text;
using data::wrapped;

namespace {

/// The dots of an image, a line per row.
std::string dots(std::string_view text, std::int64_t y, std::int64_t x, std::int64_t height, std::int64_t width) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(height * width));
  draw_text(text, y, x, 9, height, width, 1, pixels.data());
  std::string rows;
  for (std::int64_t i = 0; i < height; ++i) {
    for (std::int64_t j = 0; j < width; ++j) rows += pixels[static_cast<std::size_t>(i * width + j)] == 9 ? '#' : '.';
    rows += '\n';
  }
  return rows;
}

}  // namespace

TEST_CASE("text: characters are drawn with dots of two pixels, small letters as capital ones") {
  const std::string t =
      "######..\n######..\n..##....\n..##....\n..##....\n..##....\n..##....\n..##....\n..##....\n..##....\n";
  CHECK(dots("T", 0, 0, 10, 8) == t);
  CHECK(dots("t", 0, 0, 10, 8) == t);
  CHECK(dots("~", 0, 0, 10, 8) == dots("?", 0, 0, 10, 8));
  CHECK(dots(" t", 0, -data::kTextPitch, 10, 8) == t);
}

TEST_CASE("text: what lies outside the image is cut off, and all channels are set") {
  CHECK(dots("T", -8, 0, 2, 8) == "..##....\n..##....\n");
  CHECK(dots("T", 0, 6, 2, 8) == "......##\n......##\n");
  CHECK(dots("T", 20, 20, 2, 2) == "..\n..\n");
  std::vector<std::uint8_t> pixels(10 * 6 * 3);
  draw_text("T", 0, 0, 7, 10, 6, 3, pixels.data());
  CHECK(std::ranges::count(pixels, std::uint8_t{7}) == (2 * 6 + 8 * 2) * 3);
}

TEST_CASE("text: lines break at spaces, at line breaks, and in words that are too long") {
  using Lines = std::vector<std::string>;
  CHECK(wrapped("crop 10x20 at 3,4", 10) == Lines{"crop 10x20", "at 3,4"});
  CHECK(wrapped("a\nb c", 10) == Lines{"a", "b c"});
  CHECK(wrapped("abcdefgh", 3) == Lines{"abc", "def", "gh"});
  CHECK(wrapped("ab cdefgh", 4) == Lines{"ab", "cdef", "gh"});
  CHECK(wrapped("a\n\nb", 4) == Lines{"a", "", "b"});
  CHECK(wrapped("", 4).empty());
  CHECK(wrapped("ab", 0) == Lines{"a", "b"});
}
