#include "apps/input/crops.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "tests/data/drawn_source.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

void check_range(double min, double max, const engine::Shape& image) {
  const tests::DrawnSource source(1, image, 1, [](std::int64_t, std::uint8_t*) {});
  check_crops({.crop = kernels::CropRule::simclr, .range = {.area_min = min, .area_max = max}}, source);
}

std::string refusal(double min, double max, const engine::Shape& image) {
  return message_of<UsageError>([&] { check_range(min, max, image); });
}

}  // namespace

TEST_CASE("crops: a range that no box meets is refused, by name and for this size of images") {
  CHECK(refusal(0.3, 0.3, {28, 28, 1}) ==
        "no crop of 28x28 images has an area from data.crop_area_min = 0.3 to data.crop_area_max = 0.3 of the image's, "
        "so all views would be whole images; widen the range, of which only areas of at least 0.1 are drawn");
  CHECK(refusal(0.05, 0.1, {28, 28, 3}).starts_with("no crop of 28x28 images"));
  CHECK(refusal(0.05, 0.09, {16, 64, 3}).starts_with("no crop of 16x64 images"));
  CHECK_NOTHROW(check_range(0.3, 0.3, {20, 20, 1}));  // 10x12 and 12x10 pixels
}

TEST_CASE("crops: a range that hardly any box meets is refused, with how many views would be whole images") {
  const std::string sentence = refusal(0.08, 0.1007, {224, 224, 3});
  CHECK(sentence.starts_with("hardly any crop of 224x224 images has an area from data.crop_area_min = 0.08 to "));
  CHECK(sentence.find(" of 100 views would be whole images") != std::string::npos);
}

TEST_CASE("crops: what can be drawn is taken, and a range that holds the whole image") {
  for (const engine::Shape& image : {engine::Shape{28, 28, 1}, {16, 64, 3}, {64, 16, 3}, {224, 224, 3}}) {
    CHECK_NOTHROW(check_range(0.08, 1, image));
    CHECK_NOTHROW(check_range(0.5, 1, image));
    CHECK_NOTHROW(check_range(1, 1, image));
    CHECK_NOTHROW(check_range(0.08, 0.2, image));
    CHECK_NOTHROW(check_range(0.3, 0.4, image));
  }
}

TEST_CASE("crops: aspects are relative to the image's") {
  const kernels::CropRange wide = kernels::CropRange{}.for_output(16, 64),
                           square = kernels::CropRange{}.for_output(28, 28);
  CHECK(wide.aspect_min == 3);
  CHECK(wide.aspect_max == doctest::Approx(16.0 / 3));
  CHECK(square.aspect_min == 0.75);
  CHECK(square.area_min == 0.08);
}
