#include "tests/cases/augment.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/augment.h"
#include "kernels/context.h"
#include "tests/cases/run_on_cpu.h"

using engine::Dtype;

namespace {

/// One view of one image of random bytes.
struct Call {
  Call(std::int32_t height, std::int32_t width, std::int32_t depth, std::int64_t view_height, std::int64_t view_width)
      : extent{height, width}, channels(depth), h(view_height), w(view_width) {
    std::mt19937 random(5);
    for (std::int32_t i = 0; i < height * width * depth; ++i) pixels.push_back(static_cast<std::uint8_t>(random()));
    draw.box = {0, 0, height, width};
  }

  std::vector<float> view() const {
    std::vector<float> y(static_cast<std::size_t>(h * w * channels));
    std::int32_t words[kernels::kDrawWords];
    kernels::write_draw(draw, words);
    const std::int64_t offset = 0, bytes = static_cast<std::int64_t>(pixels.size());
    kernels::augment(kernels::make_context(), {.rules = rules,
                                               .pixels = {pixels.data(), Dtype::u8, {bytes}},
                                               .offsets = {&offset, Dtype::i64, {1}},
                                               .extents = {extent, Dtype::i32, {1, 2}},
                                               .draws = {words, Dtype::i32, {1, 1, kernels::kDrawWords}},
                                               .bits = {},
                                               .y = {y.data(), Dtype::f32, {1, 1, h, w, channels}}});
    return y;
  }

  std::int32_t extent[2];
  std::int32_t channels;
  std::int64_t h, w;
  std::vector<std::uint8_t> pixels;
  kernels::AugmentationDraw draw{};
  kernels::AugmentationRules rules{};
};

}  // namespace

TEST_CASE("augment: the whole image at its own size is exactly x / 255, whatever the interpolation") {
  for (const auto interpolation : {kernels::Interpolation::bilinear, kernels::Interpolation::bicubic}) {
    for (const std::int32_t channels : {1, 2, 3, 4}) {
      Call call(28, 37, channels, 28, 37);
      for (std::size_t i = 0; i < 256; ++i) call.pixels[i] = static_cast<std::uint8_t>(i);
      call.rules.interpolation = interpolation;
      const std::vector<float> y = call.view();
      for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == static_cast<float>(call.pixels[i]) / 255.0f);
    }
  }
}

TEST_CASE("augment: a pixel outside the box is never seen") {
  Call call(6, 6, 1, 9, 9);
  call.draw.box = {2, 1, 3, 2};
  for (const auto interpolation : {kernels::Interpolation::bilinear, kernels::Interpolation::bicubic}) {
    call.rules.interpolation = interpolation;
    const std::vector<float> before = call.view();
    for (std::size_t y = 0; y < 6; ++y) {
      for (std::size_t x = 0; x < 6; ++x) {
        if (y < 2 || y > 4 || x < 1 || x > 2) call.pixels[y * 6 + x] ^= 0xff;
      }
    }
    CHECK(call.view() == before);
    call.pixels[2 * 6 + 1] ^= 0xff;
    CHECK(call.view() != before);
  }
}

TEST_CASE("augment: a mirror image is the view read backwards") {
  Call call(11, 23, 3, 8, 13);
  call.draw.box = {1, 2, 9, 17};
  call.rules.interpolation = kernels::Interpolation::bicubic;
  const std::vector<float> straight = call.view();
  call.rules.flip = 1;
  call.draw.flip = 1;
  const std::vector<float> mirrored = call.view();
  for (std::int64_t i = 0; i < 8; ++i) {
    for (std::int64_t j = 0; j < 13; ++j) {
      for (std::int64_t c = 0; c < 3; ++c) {
        CHECK(mirrored[static_cast<std::size_t>((i * 13 + j) * 3 + c)] ==
              straight[static_cast<std::size_t>((i * 13 + 12 - j) * 3 + c)]);
      }
    }
  }
}

TEST_CASE(
    "augment: the weights of a blur, 11 pixels on each side in a view of 224, and nothing from beyond the border") {
  Call call(224, 224, 1, 224, 224);
  std::fill(call.pixels.begin(), call.pixels.end(), std::uint8_t{0});
  call.pixels[100 * 224 + 60] = 255;
  call.rules.blur = 1;
  call.draw.sigma = 1;
  const double weights[4] = {.39894228, .24197072, .05399097, .00443185};
  const std::vector<float> y = call.view();
  for (std::int64_t i = -13; i <= 13; ++i) {
    for (std::int64_t j = -13; j <= 13; ++j) {
      const auto weight = [&](std::int64_t away) {
        away = std::abs(away);
        return away < 4 ? weights[away] : away < 12 ? std::exp(-static_cast<double>(away * away) / 2) * weights[0] : 0;
      };
      const float value = y[static_cast<std::size_t>((100 + i) * 224 + 60 + j)];
      CHECK(std::abs(static_cast<double>(value) - weight(i) * weight(j)) < 1e-7);
    }
  }
  // A white view: half of its corner's neighbours are black in either direction.
  std::fill(call.pixels.begin(), call.pixels.end(), std::uint8_t{255});
  const std::vector<float> white = call.view();
  const double edge = (1 + weights[0]) / 2;
  CHECK(std::abs(static_cast<double>(white[0]) - edge * edge) < 1e-6);
  CHECK(std::abs(static_cast<double>(white[112]) - edge) < 1e-6);
  CHECK(std::abs(static_cast<double>(white[112 * 224 + 112]) - 1) < 1e-6);
}

TEST_CASE("augment: refuses what does not fit together") {
  const engine::Context context = kernels::make_context();
  std::vector<float> y(2 * 4 * 4 * 3);
  std::vector<std::uint8_t> pixels(2 * 16);
  std::vector<std::int64_t> offsets = {0, 16}, bits = {1, 2};
  std::vector<std::int32_t> extents = {4, 4, 4, 4}, draws(2 * kernels::kDrawWords);
  kernels::AugmentationDraw whole;
  whole.box = {0, 0, 4, 4};
  for (std::size_t i = 0; i < 2; ++i) kernels::write_draw(whole, &draws[i * kernels::kDrawWords]);
  const kernels::Augment good{.rules = {},
                              .pixels = {pixels.data(), Dtype::u8, {32}},
                              .offsets = {offsets.data(), Dtype::i64, {2}},
                              .extents = {extents.data(), Dtype::i32, {2, 2}},
                              .draws = {draws.data(), Dtype::i32, {1, 2, kernels::kDrawWords}},
                              .bits = {bits.data(), Dtype::i64, {2}},
                              .y = {y.data(), Dtype::f32, {1, 2, 4, 4, 3}},
                              .bit_planes = 2};
  CHECK_NOTHROW(kernels::augment(context, good));
  kernels::Augment args = good;
  args.bits = {};
  CHECK_THROWS_WITH_AS(kernels::augment(context, args),
                       "augment: bit planes need bits [B] or [views,B] = [1,2], got []", engine::Error);
  args = good;
  args.bit_planes = 65;
  CHECK_THROWS_AS(kernels::augment(context, args), engine::Error);
  args = good;
  args.draws.shape = {2, 2, kernels::kDrawWords};
  CHECK_THROWS_WITH_AS(kernels::augment(context, args),
                       "augment: pixels must be [bytes], offsets [B], extents [B,2] and draws [views,B,10], of 1 views "
                       "of 2 images, got [32], [2], [2,2] and [2,2,10]",
                       engine::Error);
  args = good;
  args.rules.jitter = 0.5;
  args.bit_planes = 1;
  CHECK_THROWS_WITH_AS(kernels::augment(context, args),
                       "augment: colour jitter is for images of 1 or 3 channels, got 2", engine::Error);
}

TEST_CASE("augment kernel: the definition's views") { tests::run_on_cpu(tests::augment_cases(), kernels::augment); }
