#include "apps/lineval/pixels.h"

#include <doctest/doctest.h>

#include "apps/evaluation/features.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"

using namespace apps;

TEST_CASE("pixels: an image is its values from 0 to 1 in a row, pixel by pixel, with the planes of bits") {
  const engine::Context context = kernels::make_context();
  const tests::MemorySource source(3, 2);
  const RawPixels pixels(source);
  CHECK(pixels.features() == 28 * 28 * 3);
  const std::vector<float> values = extract_features(context, pixels, source).values.to_host<float>();
  data::Example example;
  for (std::size_t i = 0; i < 3; ++i) {
    source.read({.example = static_cast<std::int64_t>(i), .fetch = i}, {}, example);
    for (std::size_t j = 0; j < 28 * 28; ++j) {
      const float* of_pixel = &values[3 * (28 * 28 * i + j)];
      REQUIRE(of_pixel[0] == doctest::Approx(static_cast<float>(example.pixels[j]) / 255).epsilon(1e-6));
      REQUIRE(of_pixel[1] == static_cast<float>(i & 1));
      REQUIRE(of_pixel[2] == static_cast<float>(i >> 1));
    }
  }
}
