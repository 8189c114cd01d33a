#include "kernels/crop_resize.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::Side;
using tests::Start;
using tests::Twin;

namespace {

struct Case {
  std::int64_t batch, height, width, channels, views, h, w;
  int bit_planes = 0;
  bool bits_per_view = false;
};

struct Problem {
  explicit Problem(const Case& size)
      : c(size),
        images({c.batch, c.height, c.width, c.channels}, pixels()),
        boxes({c.views, c.batch, 4}, random_boxes()),
        bits(c.bits_per_view ? engine::Shape{c.views, c.batch} : engine::Shape{c.batch}, words()) {}

  std::vector<std::uint8_t> pixels() {
    std::vector<std::uint8_t> values(static_cast<std::size_t>(c.batch * c.height * c.width * c.channels));
    for (std::uint8_t& value : values) value = static_cast<std::uint8_t>(random());
    return values;
  }
  /// The first box is the whole image, another one its last corner.
  std::vector<std::int32_t> random_boxes() {
    std::vector<std::int32_t> values;
    for (std::int64_t i = 0; i < c.views * c.batch; ++i) {
      const auto side = [&](std::int64_t size) {
        return static_cast<std::int32_t>(i == 0 ? size : 1 + static_cast<std::int64_t>(random()) % size);
      };
      const std::int32_t h = side(c.height), w = side(c.width);
      const auto place = [&](std::int64_t free) {
        return static_cast<std::int32_t>(i == 1 ? free : static_cast<std::int64_t>(random()) % (free + 1));
      };
      const std::int32_t y = place(c.height - h), x = place(c.width - w);
      values.insert(values.end(), {y, x, h, w});
    }
    return values;
  }
  std::vector<std::int64_t> words() {
    std::vector<std::int64_t> values(static_cast<std::size_t>(c.batch * (c.bits_per_view ? c.views : 1)));
    for (std::int64_t& value : values) {
      const std::uint64_t low = random(), high = random();
      value = static_cast<std::int64_t>(high << 32 | low);
    }
    return values;
  }
  CropResize args(Side on, const Twin& y, bool with_boxes) const {
    return {.images = on(images),
            .boxes = with_boxes ? on(boxes) : View(),
            .bits = c.bit_planes > 0 ? on(bits) : View(),
            .y = on(y),
            .bit_planes = c.bit_planes};
  }

  std::mt19937 random{5};
  Case c;
  Twin images, boxes, bits;
};

}  // namespace

TEST_CASE("cuda crop_resize sees the same pixels as the CPU's") {
  const Case cases[] = {
      {1, 1, 1, 1, 1, 1, 1},           // the smallest case
      {2, 5, 7, 1, 2, 3, 11},          // grey, primes
      {3, 28, 28, 1, 2, 28, 28, 20},   // MNIST with bits
      {2, 13, 9, 3, 2, 17, 8, 37},     // RGB, planes from both halves of a word
      {1, 50, 31, 3, 3, 7, 5},         // shrinking, three views
      {3, 6, 5, 1, 2, 6, 5, 9, true},  // each view has bits of its own
      {2, 6, 5, 4, 1, 4, 9, 64},       // neither grey nor RGB, every plane
      {1, 6, 7, 2, 2, 3, 300},         // more columns than a block has threads
      {2, 9, 60, 5, 1, 21, 8},         // two bands of rows
      {1, 4, 7000, 1, 2, 3, 16, 1},    // a row that needs more shared memory than a band may use
      {0, 4, 4, 3, 2, 4, 4, 5},        // an empty batch
      {1, 4, 4, 3, 2, 0, 4},           // outputs without pixels
      {1, 4, 4, 3, 2, 4, 0},
  };
  for (const Case& c : cases) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        CAPTURE(&c - cases);
        CAPTURE(engine::name(dtype));
        CAPTURE(static_cast<int>(start));
        const Problem problem(c);
        const Twin y({c.views, c.batch, c.h, c.w, c.channels + c.bit_planes}, dtype, start);
        for (const bool with_boxes : {true, false}) {
          on_both(cpu::crop_resize, cuda::crop_resize, [&](Side on) { return problem.args(on, y, with_boxes); });
          // Both devices use the same pixels and fractions; three operations round.
          y.expect_close(tests::rounding(dtype) + 4 * tests::rounding(Dtype::f32));
        }
      }
    }
  }
}

TEST_CASE("cuda crop_resize: the whole image at its own size is exactly x / 255") {
  const Problem problem({2, 16, 23, 3, 1, 16, 23});
  const Twin y({1, 2, 16, 23, 3});
  on_both(cpu::crop_resize, cuda::crop_resize, [&](Side on) { return problem.args(on, y, false); });
  y.expect_equal();
}

TEST_CASE("cuda crop_resize: what does not fit is one sentence") {
  tests::with_contexts([](const engine::Context&, const engine::Context& on_cuda) {
    const auto resize = [&](const Case& c) {
      const Twin images({c.batch, c.height, c.width, c.channels}, Dtype::u8),
          y({c.views, c.batch, c.h, c.w, c.channels});
      cuda::crop_resize(on_cuda,
                        {.images = images.cuda(), .boxes = {}, .bits = {}, .y = y.cuda(), .bit_planes = c.bit_planes});
    };
    CHECK_THROWS_WITH_AS(resize({1, 1, 25000, 1, 1, 1, 10}),
                         "crop_resize: the CUDA kernel takes rows of up to 24554 numbers, W * C, at an output of 10 "
                         "pixels, got images [1,1,25000,1]",
                         engine::Error);
    CHECK_THROWS_WITH_AS(resize({1, 1, 1, 1, 1, 1, 32768}),
                         "crop_resize: expected at most 32767 pixels a side, got images [1,1,1,1] and y "
                         "[1,1,1,32768,1]",
                         engine::Error);
    CHECK_THROWS_AS(resize({1, 1, 1, 1, 1, 1, 1, 2}), engine::Error);
  });
}
