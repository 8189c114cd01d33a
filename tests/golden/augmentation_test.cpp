// Views of given images compared with tools/golden/augmentation.py, which computes them with numpy from the formulas.
#include <doctest/doctest.h>

#include <cstring>

#include "kernels/augment.h"
#include "kernels/augmentation_sampler.h"
#include "kernels/context.h"
#include "tests/golden/fixture.h"

using namespace engine;
using tests::Fixture;

namespace {

std::vector<std::int64_t> offsets_of(const std::vector<std::int32_t>& extents, std::int64_t channels) {
  std::vector<std::int64_t> offsets;
  std::int64_t at = 0;
  for (std::size_t i = 0; i < extents.size(); i += 2) {
    offsets.push_back(at);
    at += std::int64_t{extents[i]} * extents[i + 1] * channels;
  }
  return offsets;
}

void expect_views(const Context& context, const Fixture& golden, const std::string& name) {
  CAPTURE(name);
  const Tensor pixels = golden.tensor(name + "/pixels"), extents = golden.tensor(name + "/extents"),
               draws = golden.tensor(name + "/draws"), expected = golden.tensor(name + "/y");
  const auto numbers = golden.tensor(name + "/rules").to_host<std::int32_t>();
  const auto part = [&](std::size_t i) { return numbers[i] != 0 ? 0.5 : 0.0; };
  const kernels::AugmentationRules rules{
      .crop = kernels::CropRule::simclr,
      .interpolation = numbers[1] != 0 ? kernels::Interpolation::bicubic : kernels::Interpolation::bilinear,
      .flip = 0.5,
      .jitter = part(3),
      .brightness = numbers[2] != 0 ? kernels::Brightness::add : kernels::Brightness::multiply,
      .gray = part(4),
      .blur = part(5)};
  const Shape& shape = expected.shape();
  const std::int64_t views = numbers[0], batch = extents.shape()[0];
  const std::vector<std::int64_t> begins = offsets_of(extents.to_host<std::int32_t>(), shape[3]);
  const Tensor offsets = Tensor::from(context, {batch}, begins), y = Tensor::empty(context, shape, Dtype::f32);
  kernels::augment(context, {.rules = rules,
                             .pixels = pixels,
                             .offsets = offsets,
                             .extents = extents,
                             .draws = draws.view_as({views, batch, kernels::kDrawWords}),
                             .bits = {},
                             .y = y.view_as({views, batch, shape[1], shape[2], shape[3]})});
  golden.expect_close(y, name + "/y", 1e-5);
}

}  // namespace

TEST_CASE("golden augmentation: every operation and every order of the jitter, of images of any size") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "augmentation");
  for (const char* name : {"orders", "orders-added", "bilinear", "bicubic", "blur", "wide-blur", "simclr",
                           "simclr-added", "grey-images", "four-channels", "center"}) {
    expect_views(context, golden, name);
  }
}

TEST_CASE("golden augmentation: the middle of an image") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "augmentation");
  const auto extents = golden.tensor("center/extents").to_host<std::int32_t>(),
             draws = golden.tensor("center/draws").to_host<std::int32_t>();
  for (std::size_t i = 0; i < extents.size() / 2; ++i) {
    const kernels::CropBox box = kernels::center_box({extents[2 * i], extents[2 * i + 1]}, 0.875, {12, 12});
    CHECK(std::memcmp(&box, draws.data() + kernels::kDrawWords * i, sizeof box) == 0);
  }
  const kernels::CropBox photo = kernels::center_box({375, 500}, 0.875, {224, 224});
  CHECK((photo.y == 24 && photo.x == 86 && photo.height == 328 && photo.width == 328));
}
