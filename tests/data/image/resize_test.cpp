#include "data/image/resize.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "kernels/runtime/error.h"
#include "tests/data/image/decoded.h"

using data::Box;
using data::Extent;

namespace {

using Pixels = std::vector<std::uint8_t>;

/// The image that make_pil_values drew.
Pixels drawn(const Extent& extent, int channels) {
  Pixels pixels;
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < extent.pixels() * channels; ++i) {
    state = (state * 1103515245u + 12345u) & 0x7fffffffu;
    pixels.push_back(static_cast<std::uint8_t>(state >> 16));
  }
  return pixels;
}

Pixels resized(const Pixels& pixels, const Extent& extent, int channels, const Extent& to) {
  data::ResizeScratch scratch;
  Pixels out(static_cast<std::size_t>(to.pixels() * channels) + 1, 0xa5);
  data::resize({.pixels = pixels.data(), .extent = extent}, channels, to, out.data(), scratch);
  CHECK(out.back() == 0xa5);  // nothing is written behind the image
  out.pop_back();
  return out;
}

/// By the definition, in double: the triangle's weighted mean of all samples that it covers.
double defined(const Pixels& pixels, const Extent& from, int channels, const Extent& to, std::int64_t y, std::int64_t x,
               int c) {
  const auto weights = [](std::int64_t i, std::int64_t from_side, std::int64_t to_side) {
    const double scale = static_cast<double>(from_side) / static_cast<double>(to_side), radius = std::max(scale, 1.0);
    std::vector<double> all;
    double sum = 0;
    for (std::int64_t k = 0; k < from_side; ++k) {
      const double away = std::abs(static_cast<double>(k) + 0.5 - (static_cast<double>(i) + 0.5) * scale) / radius;
      all.push_back(std::max(1 - away, 0.0));
      sum += all.back();
    }
    for (double& weight : all) weight /= sum;
    return all;
  };
  const auto down = weights(y, from.height, to.height), across = weights(x, from.width, to.width);
  double sum = 0;
  for (std::int64_t i = 0; i < from.height; ++i) {
    for (std::int64_t k = 0; k < from.width; ++k) {
      sum += down[static_cast<std::size_t>(i)] * across[static_cast<std::size_t>(k)] *
             pixels[static_cast<std::size_t>((i * from.width + k) * channels + c)];
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("resize: within a level of PIL") {
  std::ifstream values(IMAGE_VALUES "/pil_resized.txt");
  std::string line;
  int lines = 0;
  while (std::getline(values, line)) {
    std::istringstream words(line);
    Extent from, to;
    int channels = 0, value = 0;
    words >> from.height >> from.width >> channels >> to.height >> to.width;
    Pixels expected;
    while (words >> value) expected.push_back(static_cast<std::uint8_t>(value));
    CAPTURE(line.substr(0, 20));
    CHECK(distance(resized(drawn(from, channels), from, channels, to), expected) <= 1);
    ++lines;
  }
  CHECK(lines == 18);
}

TEST_CASE("resize: the nearest level of the definition, for sizes beside those of vectors and blocks") {
  for (const std::int64_t width : {1, 2, 15, 21, 22, 63, 64, 65, 85, 86, 171, 300}) {
    for (const std::int64_t height : {1, 16, 19}) {
      for (const Extent to :
           {Extent{.height = 17, .width = 5}, {.height = 33, .width = 16}, {.height = 3, .width = 43}}) {
        for (const int channels : {1, 3}) {
          const Extent from{.height = height, .width = width};
          const Pixels pixels = drawn(from, channels), got = resized(pixels, from, channels, to);
          double worst = 0;
          for (std::int64_t i = 0; i < to.height * to.width * channels; i += 7) {
            const std::int64_t pixel = i / channels;
            const double exact =
                defined(pixels, from, channels, to, pixel / to.width, pixel % to.width, static_cast<int>(i % channels));
            worst = std::max(worst, std::abs(exact - got[static_cast<std::size_t>(i)]));
          }
          CAPTURE(width);
          CAPTURE(height);
          CAPTURE(to.width);
          CHECK(worst < 0.52);
        }
      }
    }
  }
}

TEST_CASE("resize: an image of one colour keeps it, also where many pixels become one") {
  for (const int level : {0, 1, 128, 254, 255}) {
    const Extent from{.height = 400, .width = 3000};
    const Pixels pixels(static_cast<std::size_t>(from.pixels()), static_cast<std::uint8_t>(level));
    for (const Extent to :
         {Extent{.height = 3, .width = 7}, {.height = 80, .width = 500}, {.height = 410, .width = 3001}})
      CHECK(resized(pixels, from, 1, to) ==
            Pixels(static_cast<std::size_t>(to.pixels()), static_cast<std::uint8_t>(level)));
  }
}

TEST_CASE("resize: to the same size is a copy") {
  const Extent extent{.height = 20, .width = 31};
  const Pixels pixels = drawn(extent, 3);
  CHECK(resized(pixels, extent, 3, extent) == pixels);
}

TEST_CASE("resize: a part is that part of the whole") {
  const Extent from{.height = 60, .width = 90};
  data::ResizeScratch scratch;
  for (const int channels : {1, 3}) {
    const Pixels pixels = drawn(from, channels);
    for (const Extent to : {Extent{.height = 40, .width = 45}, {.height = 100, .width = 70}, from}) {
      const Pixels whole = resized(pixels, from, channels, to);
      for (const Box& part : {Box{.extent = {.height = 1, .width = 1}},
                              {.top = 3, .left = 11, .extent = {.height = 20, .width = 19}},
                              {.top = to.height - 2, .left = to.width - 17, .extent = {.height = 2, .width = 17}}}) {
        Pixels got(static_cast<std::size_t>(part.extent.pixels() * channels)), expected;
        data::resize_part({.pixels = pixels.data(), .extent = from}, channels, to, part, got.data(), scratch);
        for (std::int64_t y = part.top; y < part.top + part.extent.height; ++y) {
          const auto row = whole.begin() + (y * to.width + part.left) * channels;
          expected.insert(expected.end(), row, row + part.extent.width * channels);
        }
        CHECK(got == expected);
      }
    }
  }
}

TEST_CASE("resize: refuses what it cannot do") {
  data::ResizeScratch scratch;
  std::uint8_t pixels[12] = {}, out[12];
  const data::ConstImage image{.pixels = pixels, .extent = {.height = 2, .width = 2}};
  CHECK_THROWS_WITH_AS(data::resize(image, 2, {.height = 1, .width = 1}, out, scratch),
                       "resize: expected 1 or 3 channels, got 2", engine::Error);
  CHECK_THROWS_WITH_AS(data::resize(image, 3, {.height = 0, .width = 1}, out, scratch),
                       "resize: expected at least one pixel, got 2 x 2 to become 0 x 1", engine::Error);
  CHECK_THROWS_WITH_AS(data::resize_part(image, 1, {.height = 3, .width = 3},
                                         {.top = 1, .left = 2, .extent = {.height = 2, .width = 2}}, out, scratch),
                       "resize: a part of 2 x 2 at (1, 2) leaves an image of 3 x 3", engine::Error);
}

TEST_CASE("resize: the size that covers another, as by torchvision's Resize") {
  const Extent square{.height = 224, .width = 224};
  CHECK(data::covering({.height = 375, .width = 500}, square) == Extent{.height = 224, .width = 298});
  CHECK(data::covering({.height = 500, .width = 375}, square) == Extent{.height = 298, .width = 224});
  CHECK(data::covering({.height = 30, .width = 30}, square) == square);
  CHECK(data::covering({.height = 1, .width = 4000}, square) == Extent{.height = 224, .width = 896000});
  CHECK(data::covering({.height = 100, .width = 200}, {.height = 50, .width = 150}) ==
        Extent{.height = 75, .width = 150});
  CHECK(data::covering({.height = 100, .width = 200}, {.height = 60, .width = 100}) ==
        Extent{.height = 60, .width = 120});
}

TEST_CASE("resize: the middle, as by torchvision's CenterCrop") {
  const Extent part{.height = 4, .width = 4};
  // Python rounds 0.5 to 0, 1.5 and 2.5 to 2.
  CHECK(data::centre({.height = 4, .width = 5}, part) == Box{.top = 0, .left = 0, .extent = part});
  CHECK(data::centre({.height = 6, .width = 7}, part) == Box{.top = 1, .left = 2, .extent = part});
  CHECK(data::centre({.height = 8, .width = 9}, part) == Box{.top = 2, .left = 2, .extent = part});
}
