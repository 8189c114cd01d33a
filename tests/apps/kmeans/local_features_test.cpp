#include "apps/kmeans/local_features.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

TEST_CASE("raw features: a place's vector is its patch, row by row, or the mean colour of it") {
  // [4,6,2]: the first channel counts pixels, the second is 100 times that.
  std::vector<float> pixels;
  for (int i = 0; i < 24; ++i) pixels.insert(pixels.end(), {static_cast<float>(i), static_cast<float>(100 * i)});
  const std::vector<float> patches = raw_features(pixels, {4, 6}, 2, 2, RawFeatures::patches);
  REQUIRE(patches.size() == 48);
  const std::vector<float> second_row_last(patches.end() - 8, patches.end());
  CHECK(second_row_last == std::vector<float>{16, 1600, 17, 1700, 22, 2200, 23, 2300});
  CHECK(std::vector<float>(patches.begin(), patches.begin() + 8) == std::vector<float>{0, 0, 1, 100, 6, 600, 7, 700});
  CHECK(raw_features(pixels, {4, 6}, 2, 2, RawFeatures::mean_rgb) ==
        std::vector<float>{3.5, 350, 5.5, 550, 7.5, 750, 15.5, 1550, 17.5, 1750, 19.5, 1950});
}

TEST_CASE("raw features: planes of bits behind the colours are left out") {
  const engine::Context context = kernels::make_context();
  const tests::MemorySource source(3, 2);
  const auto features = open_local_features(context, {.raw = RawFeatures::mean_rgb, .patch = 14}, source);
  CHECK(features->names() == std::vector<std::string>{"mean-rgb"});
  std::vector<float> view;
  for (int i = 0; i < 28 * 28; ++i) view.insert(view.end(), {.25f, 1, 0});
  const auto found = (*features)(engine::Tensor::from(context, {1, 28, 28, 3}, view));
  REQUIRE(found.size() == 1);
  CHECK(found[0].grid == data::Extent{2, 2});
  CHECK(found[0].channels() == 1);
  CHECK(found[0].values.to_host<float>() == std::vector<float>(4, .25f));
}

TEST_CASE("raw features: patches must fill the image") {
  CHECK(patch_grid({448, 320}, 32) == data::Extent{14, 10});
  CHECK(message_of<engine::DataError>([] {
          static_cast<void>(patch_grid({28, 28}, 32));
        }) ==
        "patches of 32 x 32 pixels do not fill images of 28 x 28; give a --patch that divides both sides, or an "
        "--image-size");
}
