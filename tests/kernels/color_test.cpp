#include "kernels/color.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

using namespace kernels;

namespace {

struct Rgb {
  float r, g, b;
};
void expect(const Rgb& actual, const Rgb& expected, double tolerance = 1e-6) {
  CHECK(std::abs(static_cast<double>(actual.r - expected.r)) < tolerance);
  CHECK(std::abs(static_cast<double>(actual.g - expected.g)) < tolerance);
  CHECK(std::abs(static_cast<double>(actual.b - expected.b)) < tolerance);
}
Rgb turned(Rgb x, float turns) {
  color::turn_hue(x.r, x.g, x.b, turns);
  return x;
}
Rgb saturated(Rgb x, float factor) {
  color::saturate(x.r, x.g, x.b, factor);
  return x;
}

/// Calls body for colours of all kinds: random ones, those with equal channels, and pure ones.
template <class Body>
void for_each_color(const Body& body) {
  std::mt19937 random(3);
  const auto channel = [&](int levels) {
    return static_cast<float>(random() % levels) / static_cast<float>(levels - 1);
  };
  for (int i = 0; i < 3000; ++i) {
    const int levels = i % 3 == 0 ? 2 : i % 3 == 1 ? 4 : 1000;
    body(Rgb{channel(levels), channel(levels), channel(levels)});
  }
}

}  // namespace

TEST_CASE("color: known values of TensorFlow's adjust_hue and adjust_saturation") {
  expect(turned({.2f, .4f, .6f}, .1f), {.24f, .20f, .60f});
  expect(saturated({.2f, .4f, .6f}, 1.3f), {.08f, .34f, .60f});
}

TEST_CASE("color: thirds of a turn exchange the channels, and a turn back undoes a turn") {
  for_each_color([](const Rgb& x) {
    expect(turned(x, 0), x);
    expect(turned(x, 1 / 3.0f), {x.b, x.r, x.g}, 2e-6);
    expect(turned(x, -1 / 3.0f), {x.g, x.b, x.r}, 2e-6);
    expect(turned(turned(x, .23f), -.23f), x, 4e-6);
    expect(turned(x, .5f), turned(x, -.5f), 4e-6);
  });
}

TEST_CASE("color: saturation moves the channels towards the largest one or away from it, as far as 0") {
  for_each_color([](const Rgb& x) {
    const float top = std::max({x.r, x.g, x.b}), bottom = std::min({x.r, x.g, x.b});
    expect(saturated(x, 1), x);
    expect(saturated(x, 0), {top, top, top});
    const Rgb half = saturated(x, 0.5f);
    expect(half, {top - (top - x.r) / 2, top - (top - x.g) / 2, top - (top - x.b) / 2});
    const Rgb full = saturated(x, 1e6f);
    CHECK(std::min({full.r, full.g, full.b}) == doctest::Approx(top == bottom ? top : 0.0f));
    CHECK(std::max({full.r, full.g, full.b}) == top);
  });
}

TEST_CASE("color: grey, contrast and clipping") {
  CHECK(color::gray(1.0f, 0.0f, 0.0f) == 0.2989f);
  CHECK(color::gray(0.0f, 1.0f, 0.0f) == 0.5870f);
  CHECK(color::gray(0.0f, 0.0f, 1.0f) == 0.1140f);
  CHECK(color::contrast(0.75f, 0.25f, 1.5f) == 1.0f);
  CHECK(color::contrast(0.75f, 0.25f, 0.0f) == 0.25f);
  CHECK(color::clipped(-0.5f) == 0.0f);
  CHECK(color::clipped(1.5f) == 1.0f);
  CHECK(color::clipped(0.5f) == 0.5f);
}
