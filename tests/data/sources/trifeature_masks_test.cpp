#include "data/sources/trifeature_masks.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

using data::Mask;
using data::Shape;
using data::ShapeMask;
using data::Texture;

namespace {

double mean_coverage(const Mask& mask) {
  const double sum = std::accumulate(mask.coverage.begin(), mask.coverage.end(), 0.0);
  return sum / 255 / static_cast<double>(mask.coverage.size());
}

/// The area of a shape whose square has area 1.
double area(const ShapeMask& mask) {
  const double side = static_cast<double>(mask.width - 2 * mask.margin) / static_cast<double>(mask.width);
  return mean_coverage(mask) / (side * side);
}

}  // namespace

TEST_CASE("trifeature masks: every shape has its area, and lets nothing be seen at its edges") {
  const double pentagon = 2.5 * 0.25 * std::sin(2 * M_PI / 5);
  const double tip = std::cos(2 * M_PI / 5) / std::cos(M_PI / 5);  // radius of a star's inner corners, relative
  const double star = 5 * 0.25 * tip * std::sin(M_PI / 5);
  const double expected[data::kShapes] = {0.5, 1,        5.0 / 9, M_PI / 4, 5.0 / 9,
                                          0.5, pentagon, star,    5.0 / 9,  1 - 1 / 3.1};
  for (const double side : {20.0, 64 * 4 / 7.0, 128.0}) {
    for (int i = 0; i < data::kShapes; ++i) {
      const ShapeMask mask = data::shape_mask(static_cast<Shape>(i), side);
      CHECK(area(mask) == doctest::Approx(expected[i]).epsilon(0.01));
      CHECK(mask.x_scale == doctest::Approx(512 / side));
      for (std::int64_t at = 0; at < mask.width; ++at) {
        const auto last = static_cast<std::size_t>(mask.width - 1), k = static_cast<std::size_t>(at);
        const std::size_t width = last + 1;
        REQUIRE(mask.coverage[k] + mask.coverage[last * width + k] + mask.coverage[k * width] +
                    mask.coverage[k * width + last] ==
                0);
      }
    }
  }
}

TEST_CASE("trifeature masks: shapes lie as they are named") {
  const auto covers = [](Shape shape, double x, double y) {
    const ShapeMask mask = data::shape_mask(shape, 128);
    const auto sample = [&](double at) { return static_cast<std::int64_t>(at * 512) + mask.margin; };
    return mask.coverage[static_cast<std::size_t>(sample(y) * mask.width + sample(x))] == 255;
  };
  CHECK(covers(Shape::triangle, 0.5, 0.1));
  CHECK_FALSE(covers(Shape::triangle, 0.1, 0.1));
  CHECK(covers(Shape::tee, 0.1, 0.2));
  CHECK_FALSE(covers(Shape::tee, 0.1, 0.8));
  CHECK(covers(Shape::plus, 0.1, 0.5));
  CHECK_FALSE(covers(Shape::plus, 0.1, 0.1));
  CHECK(covers(Shape::fivesquare, 0.1, 0.1));
  CHECK_FALSE(covers(Shape::fivesquare, 0.1, 0.5));
  CHECK(covers(Shape::rhombus, 0.75, 0.1));
  CHECK_FALSE(covers(Shape::rhombus, 0.25, 0.1));
  CHECK(covers(Shape::trapezoid, 0.1, 0.1));
  CHECK_FALSE(covers(Shape::trapezoid, 0.1, 0.9));
  CHECK(covers(Shape::star, 0.5, 0.05));
  CHECK_FALSE(covers(Shape::star, 0.3, 0.2));
  CHECK(covers(Shape::pentagon, 0.5, 0.05));
  CHECK_FALSE(covers(Shape::pentagon, 0.5, 0.95));
}

TEST_CASE("trifeature masks: every texture has its share of ink, and halves of a pixel are half covered") {
  const double expected[data::kTextures] = {1, 0.3, 0.51, 0.5, M_PI * 0.16, 0.5, 0.5, 0.5, 0.25, 4 * 0.3 * 0.42 - 0.09};
  for (const double period : {6.0, 10.0, 32.0}) {
    for (int i = 0; i < data::kTextures; ++i) {
      const Mask mask = data::texture_mask(static_cast<Texture>(i), period);
      const bool irregular = static_cast<Texture>(i) == Texture::noise || static_cast<Texture>(i) == Texture::rain;
      CHECK_MESSAGE(std::abs(mean_coverage(mask) - expected[i]) < (irregular ? 0.05 : 0.02), "texture ", i, ": ",
                    mean_coverage(mask));
      CHECK((mask.height & (mask.height - 1)) == 0);
      CHECK((mask.width & (mask.width - 1)) == 0);
    }
  }
  const Mask stripes = data::texture_mask(Texture::stripes, 10);  // ink on the first 0.3 of 64 samples, a pixel is 6
  CHECK(stripes.coverage[10 * 64] == 255);
  CHECK(stripes.coverage[40 * 64] == 0);
  CHECK(stripes.coverage[0] == 128);
}
