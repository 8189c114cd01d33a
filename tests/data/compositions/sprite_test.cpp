#include "data/compositions/sprite.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "kernels/runtime/philox.h"

using data::Canvas;
using data::Combine;
using data::Example;
using data::Extent;
using data::Sprite;

namespace {

std::vector<std::uint8_t> noise(std::size_t bytes, std::uint64_t seed) {
  engine::Philox random(seed, engine::Purpose::drawing, 0, 0);
  std::vector<std::uint8_t> values(bytes);
  for (std::uint8_t& value : values) value = static_cast<std::uint8_t>(random.next());
  return values;
}

}  // namespace

TEST_CASE("sprite: the brighter one, or the clipped sum, within the sprite and nowhere else") {
  for (const int channels : {1, 3}) {
    for (const Extent extent : {Extent{1, 1}, Extent{3, 7}, Extent{28, 28}, Extent{20, 17}, Extent{40, 45}}) {
      for (const Combine combine : {Combine::max, Combine::sum}) {
        const auto sprite = noise(static_cast<std::size_t>(extent.pixels() * channels), 1);
        const Extent whole{extent.height + 5, extent.width + 9};
        const auto before = noise(static_cast<std::size_t>(whole.pixels() * channels), 2);
        for (const auto& [top, left] : {std::pair{0, 0}, std::pair{5, 9}, std::pair{2, 4}}) {
          auto canvas = before;
          data::blend({.pixels = sprite.data(), .extent = extent}, top, left, combine,
                      {.pixels = canvas.data(), .extent = whole, .channels = channels});
          bool as_defined = true;
          for (std::int64_t y = 0; y < whole.height; ++y) {
            for (std::int64_t x = 0; x < whole.width; ++x) {
              for (std::int64_t c = 0; c < channels; ++c) {
                const auto i = static_cast<std::size_t>((y * whole.width + x) * channels + c);
                int expected = before[i];
                if (y >= top && y < top + extent.height && x >= left && x < left + extent.width) {
                  const int above =
                      sprite[static_cast<std::size_t>(((y - top) * extent.width + x - left) * channels + c)];
                  expected = combine == Combine::max ? std::max(expected, above) : std::min(expected + above, 255);
                }
                as_defined = as_defined && canvas[i] == expected;
              }
            }
          }
          CHECK_MESSAGE(as_defined, channels, " channels, ", extent.height, " x ", extent.width);
        }
      }
    }
  }
}

TEST_CASE("sprite: a grey image becomes as many equal channels as the canvas has") {
  Example example;
  const auto grey = noise(28 * 28, 3);
  std::ranges::copy(grey, example.resize({28, 28}, 1));
  const Sprite one = data::sprite_of(example, {28, 28}, 1);
  CHECK(one.extent == Extent{28, 28});
  CHECK(std::equal(grey.begin(), grey.end(), one.pixels));
  const Sprite three = data::sprite_of(example, {28, 28}, 3);
  for (std::size_t i = 0; i < 3 * grey.size(); ++i) REQUIRE(three.pixels[i] == grey[i / 3]);
}

TEST_CASE("sprite: a scaled image is smoothed where it shrinks, and a constant one stays constant") {
  Example example;
  std::uint8_t* pixels = example.resize({28, 28}, 1);
  std::fill_n(pixels, 28 * 28, std::uint8_t{77});
  for (const std::int64_t side : {1, 7, 20, 60, 80}) {
    const Sprite sprite = data::sprite_of(example, {side, side}, 3);
    CHECK(sprite.extent == Extent{side, side});
    CHECK(std::count(sprite.pixels, sprite.pixels + 3 * side * side, 77) == 3 * side * side);
  }
  // One bright pixel has a place in every smaller image, because no pixel of the original is skipped.
  for (std::size_t at = 14 * 28; at < 15 * 28; ++at) {
    std::fill_n(pixels, 28 * 28, std::uint8_t{0});
    pixels[at] = 255;
    const Sprite sprite = data::sprite_of(example, {9, 9}, 1);
    CHECK(*std::max_element(sprite.pixels, sprite.pixels + 81) > 10);
  }
}
