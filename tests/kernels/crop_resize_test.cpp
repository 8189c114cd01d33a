#include "kernels/crop_resize.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/context.h"

using engine::bf16;
using engine::Dtype;
using engine::Shape;

namespace {

struct Case {
  std::int64_t batch, height, width, channels, views, out_height, out_width;
  int bit_planes = 0;
  bool bits_per_view = false;
};

template <class T>
struct Fixture {
  explicit Fixture(const Case& shape) : c(shape) {
    std::mt19937 random(5);
    for (std::int64_t i = 0; i < c.batch * c.height * c.width * c.channels; ++i) {
      images.push_back(static_cast<std::uint8_t>(random()));
    }
    for (std::int64_t i = 0; i < c.batch * (c.bits_per_view ? c.views : 1); ++i) {
      const std::uint64_t low = random(), high = random();
      bits.push_back(static_cast<std::int64_t>(high << 32 | low));
    }
    for (std::int64_t i = 0; i < c.views * c.batch; ++i) {
      const auto h = static_cast<std::int32_t>(1 + random() % c.height),
                 w = static_cast<std::int32_t>(1 + random() % c.width);
      boxes.push_back(static_cast<std::int32_t>(random() % (c.height - h + 1)));
      boxes.push_back(static_cast<std::int32_t>(random() % (c.width - w + 1)));
      boxes.push_back(h);
      boxes.push_back(w);
    }
  }

  kernels::CropResize args(T* y) const {
    return {.images = {images.data(), Dtype::u8, {c.batch, c.height, c.width, c.channels}},
            .boxes = {boxes.data(), Dtype::i32, {c.views, c.batch, 4}},
            .bits = {bits.data(), Dtype::i64, c.bits_per_view ? Shape{c.views, c.batch} : Shape{c.batch}},
            .y = {y, engine::dtype_of<T>, {c.views, c.batch, c.out_height, c.out_width, c.channels + c.bit_planes}},
            .bit_planes = c.bit_planes};
  }

  /// Runs the kernel and checks the guard bytes around the output.
  std::vector<T> run(const engine::Context& context, bool with_boxes = true) const {
    const T guard(-77.0f);
    std::vector<T> y(static_cast<std::size_t>(args(nullptr).y.shape.elements()) + 2, guard);
    kernels::CropResize call = args(y.data() + 1);
    if (!with_boxes) call.boxes = {};
    kernels::crop_resize(context, call);
    CHECK(static_cast<float>(y.front()) == -77.0f);
    CHECK(static_cast<float>(y.back()) == -77.0f);
    return {y.begin() + 1, y.end() - 1};
  }

  /// The definition, in double.
  double expected(std::int64_t v, std::int64_t b, std::int64_t i, std::int64_t j, std::int64_t channel) const {
    if (channel >= c.channels) {
      const std::int64_t plane = channel - c.channels;
      return static_cast<double>(bits[static_cast<std::size_t>(c.bits_per_view ? v * c.batch + b : b)] >> plane & 1);
    }
    const std::int32_t* box = boxes.data() + (v * c.batch + b) * 4;
    const auto coordinate = [](std::int64_t k, std::int32_t in, std::int64_t out) {
      const double x = (static_cast<double>(k) + 0.5) * in / static_cast<double>(out) - 0.5;
      return std::clamp(x, 0.0, in - 1.0);
    };
    const double y = coordinate(i, box[2], c.out_height), x = coordinate(j, box[3], c.out_width);
    double sum = 0;
    for (std::int32_t dy = 0; dy < box[2]; ++dy) {
      for (std::int32_t dx = 0; dx < box[3]; ++dx) {
        const double weight = std::max(0.0, 1 - std::abs(dy - y)) * std::max(0.0, 1 - std::abs(dx - x));
        const std::int64_t pixel = ((b * c.height + box[0] + dy) * c.width + box[1] + dx) * c.channels + channel;
        sum += weight * images[static_cast<std::size_t>(pixel)] / 255;
      }
    }
    return sum;
  }

  Case c;
  std::vector<std::uint8_t> images;
  std::vector<std::int32_t> boxes;
  std::vector<std::int64_t> bits;
};

template <class T>
void check_against_definition(const Case& c, double tolerance) {
  const engine::Context context = kernels::make_context();
  const Fixture<T> fixture(c);
  const std::vector<T> y = fixture.run(context);
  std::size_t index = 0;
  double worst = 0;
  for (std::int64_t v = 0; v < c.views; ++v) {
    for (std::int64_t b = 0; b < c.batch; ++b) {
      for (std::int64_t i = 0; i < c.out_height; ++i) {
        for (std::int64_t j = 0; j < c.out_width; ++j) {
          for (std::int64_t channel = 0; channel < c.channels + c.bit_planes; ++channel) {
            const double error = static_cast<float>(y[index++]) - fixture.expected(v, b, i, j, channel);
            worst = std::max(worst, std::abs(error));
          }
        }
      }
    }
  }
  CHECK(worst <= tolerance);
  const std::vector<T> again = fixture.run(context);
  CHECK(std::ranges::equal(
      y, again, {}, [](T a) { return static_cast<float>(a); }, [](T a) { return static_cast<float>(a); }));
}

/// Resizes one row of grey values 0..255 to `out` values, in the range 0..255.
std::vector<double> resize_row(const std::vector<std::uint8_t>& row, std::int64_t out) {
  const engine::Context context = kernels::make_context();
  std::vector<float> y(static_cast<std::size_t>(out));
  kernels::crop_resize(context, {.images = {row.data(), Dtype::u8, {1, 1, static_cast<std::int64_t>(row.size()), 1}},
                                 .boxes = {},
                                 .bits = {},
                                 .y = {y.data(), Dtype::f32, {1, 1, 1, out, 1}}});
  std::vector<double> values;
  for (const float value : y) values.push_back(value * 255.0);
  return values;
}

}  // namespace

TEST_CASE("crop_resize: agrees with the definition") {
  const Case cases[] = {
      {1, 1, 1, 1, 1, 1, 1},           // the smallest case
      {2, 5, 7, 1, 2, 3, 11},          // grey, primes
      {3, 28, 28, 1, 2, 28, 28, 20},   // MNIST with bits
      {2, 13, 9, 3, 2, 17, 8, 37},     // RGB, planes from both words
      {1, 50, 31, 3, 3, 7, 5},         // shrinking, three views
      {3, 6, 5, 1, 2, 6, 5, 9, true},  // each view has bits of its own
      {2, 6, 5, 4, 1, 4, 9, 1},        // neither grey nor RGB
      {0, 4, 4, 3, 2, 4, 4, 5},        // an empty batch
  };
  for (const Case& c : cases) {
    // Coordinates have an error of about size * 2^-24, and a pixel's slope is at most 1; sums and the division add a
    // few ulp.
    check_against_definition<float>(c, 0x1p-24 * static_cast<double>(4 * std::max(c.height, c.width) + 8));
    check_against_definition<bf16>(c, 0x1p-9 + 0x1p-16);  // 8 significant bits
  }
}

TEST_CASE("crop_resize: golden numbers of half-pixel bilinear resizing") {
  const auto check = [](const std::vector<double>& actual, const std::vector<double>& expected) {
    REQUIRE(actual.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(actual[i] - expected[i]) < 1e-5);
  };
  check(resize_row({0, 1, 4, 9, 16}, 8), {0, .4375, 1.1875, 3.0625, 5.5625, 8.6875, 12.9375, 16});
  check(resize_row({0, 1, 4, 9, 16}, 3), {1 / 3.0, 4, 41 / 3.0});
}

TEST_CASE("crop_resize: the whole image at its own size is exactly x / 255") {
  const engine::Context context = kernels::make_context();
  Fixture<float> fixture({3, 28, 28, 1, 1, 28, 28});
  for (std::size_t i = 0; i < 256; ++i) fixture.images[i] = static_cast<std::uint8_t>(i);
  for (std::size_t b = 0; b < 3; ++b) std::ranges::copy(std::vector{0, 0, 28, 28}, fixture.boxes.begin() + 4 * b);
  const std::vector<float> without_boxes = fixture.run(context, false);
  for (std::size_t i = 0; i < fixture.images.size(); ++i) {
    CHECK(without_boxes[i] == static_cast<float>(fixture.images[i]) / 255.0f);
  }
  CHECK(fixture.run(context) == without_boxes);
}

TEST_CASE("crop_resize: a pixel outside the box is never seen") {
  const engine::Context context = kernels::make_context();
  Fixture<float> fixture({1, 6, 6, 1, 1, 9, 9});
  std::ranges::copy(std::vector{2, 1, 3, 2}, fixture.boxes.begin());
  const std::vector<float> before = fixture.run(context);
  for (std::size_t y = 0; y < 6; ++y) {
    for (std::size_t x = 0; x < 6; ++x) {
      if (y < 2 || y > 4 || x < 1 || x > 2) fixture.images[y * 6 + x] ^= 0xff;
    }
  }
  CHECK(fixture.run(context) == before);
  fixture.images[2 * 6 + 1] ^= 0xff;
  CHECK(fixture.run(context) != before);
}

TEST_CASE("crop_resize: refuses shapes that do not fit together") {
  const engine::Context context = kernels::make_context();
  const Fixture<float> fixture({2, 4, 4, 1, 1, 4, 4, 3});
  std::vector<float> y(2 * 4 * 4 * 4);
  kernels::CropResize args = fixture.args(y.data());
  CHECK_NOTHROW(kernels::crop_resize(context, args));
  args.bit_planes = 2;
  CHECK_THROWS_WITH_AS(
      kernels::crop_resize(context, args),
      "crop_resize: images must be [B,H,W,C] and y [views,B,h,w,C+2] with the same B and C, got images "
      "[2,4,4,1] and y [1,2,4,4,4]",
      engine::Error);
  args = fixture.args(y.data());
  args.bits = {};
  CHECK_THROWS_WITH_AS(kernels::crop_resize(context, args),
                       "crop_resize: bit planes need bits [B] or [views,B] = [1,2], got []", engine::Error);
  args = fixture.args(y.data());
  args.boxes.shape = {2, 1, 4};
  CHECK_THROWS_AS(kernels::crop_resize(context, args), engine::Error);
  args = fixture.args(y.data());
  args.bit_planes = 65;
  CHECK_THROWS_AS(kernels::crop_resize(context, args), engine::Error);
}
