#include "tests/cases/augment.h"

#include <doctest/doctest.h>

#include "tests/cases/run_on_cuda.h"

using namespace kernels;
using tests::Side;
using tests::Twin;

namespace {

/// A view of one whole image.
struct Call {
  Call(const AugmentationRules& how, std::int32_t height, std::int32_t width, std::int64_t channels, std::int64_t h,
       std::int64_t w)
      : rules(how),
        pixels({height * width * channels}, bytes(height * width * channels)),
        offsets({1}, std::vector<std::int64_t>{0}),
        extents({1, 2}, std::vector<std::int32_t>{height, width}),
        draws({1, 1, kDrawWords}, words(height, width)),
        y({1, 1, h, w, channels}) {}

  static std::vector<std::uint8_t> bytes(std::int64_t count) {
    std::vector<std::uint8_t> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i);
    return values;
  }
  static std::vector<std::int32_t> words(std::int32_t height, std::int32_t width) {
    AugmentationDraw draw;
    draw.box = {0, 0, height, width};
    std::vector<std::int32_t> words(kDrawWords);
    write_draw(draw, words.data());
    return words;
  }
  Augment args(Side on) const {
    return {.rules = rules,
            .pixels = on(pixels),
            .offsets = on(offsets),
            .extents = on(extents),
            .draws = on(draws),
            .bits = {},
            .y = on(y)};
  }

  AugmentationRules rules;
  Twin pixels, offsets, extents, draws, y;
};

}  // namespace

TEST_CASE("cuda augment: the definition's views") {
  tests::run_on_cuda(tests::augment_cases(), kernels::cuda::augment);
}

TEST_CASE("cuda augment: the whole image at its own size is exactly x / 255") {
  for (const Interpolation interpolation : {Interpolation::bilinear, Interpolation::bicubic}) {
    for (const std::int64_t channels : {1, 3, 4}) {
      const Call call({.interpolation = interpolation}, 16, 23, channels, 16, 23);
      tests::on_both(cpu::augment, cuda::augment, [&](Side on) { return call.args(on); });
      call.y.expect_equal();
      const std::vector<float> y = call.y.from_cuda();
      const std::vector<std::uint8_t> bytes = Call::bytes(static_cast<std::int64_t>(y.size()));
      for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == static_cast<float>(bytes[i]) / 255.0f);
    }
  }
}

TEST_CASE("cuda augment: what does not fit is one sentence") {
  const auto refused = [](const Call& call) {
    std::string message;
    tests::with_contexts([&](const engine::Context&, const engine::Context& on_cuda) {
      try {
        cuda::augment(on_cuda, call.args(Side{true}));
      } catch (const engine::Error& error) { message = error.what(); }
    });
    return message;
  };
  CHECK(refused({{}, 1, 1, 6144, 1, 1}) == "");
  CHECK(refused({{}, 1, 1, 6145, 1, 1}) == "augment: the CUDA kernel takes images of up to 6144 channels, got 6145");
  CHECK(refused({{.blur = 0.5}, 1, 1, 1000, 20, 1}) ==
        "augment: the CUDA kernel cannot blur views of 20 rows and 1000 channels: a radius of 1 does not fit into "
        "shared memory");
  CHECK(refused({{}, 1, 1, 1, 1, 32768}) ==
        "augment: expected views of at most 32767 pixels a side, got y [1,1,1,32768,1]");
}
