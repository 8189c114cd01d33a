#include "apps/kmeans/rendering.h"

#include <doctest/doctest.h>

#include <set>

using namespace apps;

namespace {

using Pixels = std::vector<std::uint8_t>;

std::array<std::uint8_t, 3> pixel(const Pixels& rgb, std::size_t i) {
  return {rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]};
}

}  // namespace

TEST_CASE("rendering: clusters 0 to 7 have the paper's colours, and all have their own") {
  CHECK(cluster_color(0) == std::array<std::uint8_t, 3>{0x4E, 0x79, 0xA7});
  CHECK(cluster_color(1) == std::array<std::uint8_t, 3>{0xF2, 0x8E, 0x2B});
  CHECK(cluster_color(7) == std::array<std::uint8_t, 3>{0xFF, 0x9D, 0xA7});
  std::set<std::array<std::uint8_t, 3>> colors;
  for (int cluster = 0; cluster < 30; ++cluster) colors.insert(cluster_color(cluster));
  CHECK(colors.size() == 30);
}

TEST_CASE("rendering: nearest gives each cell its share of the pixels, also where they do not divide") {
  const std::vector<std::int32_t> labels{0, 1, 2, 3};
  const Pixels painted = painted_grid(labels, {2, 2}, {3, 5}, Upsampling::nearest);
  REQUIRE(painted.size() == 3 * 5 * 3);
  const int expected[] = {0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3};
  for (std::size_t i = 0; i < 15; ++i) CHECK(pixel(painted, i) == cluster_color(expected[i]));
}

TEST_CASE("rendering: bilinear mixes neighbouring colours, and agrees with nearest in the middle of cells") {
  const std::vector<std::int32_t> labels{0, 1};
  const Pixels painted = painted_grid(labels, {1, 2}, {1, 4}, Upsampling::bilinear);
  CHECK(pixel(painted, 0) == cluster_color(0));
  CHECK(pixel(painted, 3) == cluster_color(1));
  for (std::size_t c = 0; c < 3; ++c) {  // at a quarter and at three quarters of the way
    const double from = cluster_color(0)[c], to = cluster_color(1)[c];
    CHECK(painted[3 + c] == doctest::Approx(.75 * from + .25 * to).epsilon(.02));
    CHECK(painted[6 + c] == doctest::Approx(.25 * from + .75 * to).epsilon(.02));
  }
}

TEST_CASE("rendering: an overlay is 1/2 colour + 1/4 grey + 1/4 white, and a page's layers give the same") {
  const Pixels rgb{200, 100, 50, 0, 0, 0, 255, 255, 255}, colors{78, 121, 167, 255, 0, 1, 0, 0, 0};
  const Pixels over = overlaid(rgb, colors), below = faded(rgb);
  const double grey[] = {.299 * 200 + .587 * 100 + .114 * 50, 0, 255};
  REQUIRE(over.size() == 9);
  REQUIRE(below.size() == 3);
  for (std::size_t i = 0; i < 9; ++i) {
    CHECK(std::abs(over[i] - (.5 * colors[i] + .25 * grey[i / 3] + .25 * 255)) <= .8);
    CHECK(std::abs(over[i] - (colors[i] + below[i / 3]) / 2.0) <= 1);
  }
}

TEST_CASE("rendering: small images are magnified, large ones shrunk in their shape") {
  const Pixels two{1, 2, 3, 4, 5, 6};
  CHECK(magnified({.pixels = two.data(), .extent = {1, 2}}, 2) ==
        Pixels{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
  const Pixels grey(40 * 100, 77);
  const Thumbnail small = thumbnail({.pixels = grey.data(), .extent = {40, 100}}, 1, 50);
  CHECK(small.extent == data::Extent{20, 50});
  CHECK(small.pixels == Pixels(1000, 77));
  CHECK(thumbnail({.pixels = grey.data(), .extent = {40, 100}}, 1, 200).extent == data::Extent{40, 100});
  CHECK(thumbnail({.pixels = grey.data(), .extent = {1, 4000}}, 1, 50).extent == data::Extent{1, 50});
}
