#include "apps/input/augmentation_rules.h"

#include <doctest/doctest.h>

#include "apps/settings/usage_error.h"
#include "tests/data/drawn_source.h"
#include "tests/engine/io/message_of.h"

using namespace apps;
using kernels::AugmentationRules;
using kernels::CropRule;
using kernels::Interpolation;

namespace {

tests::DrawnSource images(std::int64_t side, std::int64_t channels) {
  return {4, {side, side, channels}, 2, nullptr, "pictures"};
}

AugmentationRules training(Augmentation name, std::int64_t side, std::int64_t channels = 3) {
  return training_rules({.name = name}, images(side, channels));
}

}  // namespace

TEST_CASE("augmentation rules: SimCLR's whole pipeline for photographs, and without blur for CIFAR-10") {
  const AugmentationRules simclr{.crop = CropRule::simclr,
                                 .interpolation = Interpolation::bicubic,
                                 .flip = 0.5,
                                 .jitter = 0.8,
                                 .gray = 0.2,
                                 .blur = 0.5};
  CHECK(training(Augmentation::simclr, 224) == simclr);
  AugmentationRules expected = simclr;
  expected.blur = 0;
  CHECK(training(Augmentation::simclr, 32) == expected);
  expected.gray = 0;  // of images without colours
  CHECK(training(Augmentation::simclr, 28, 1) == expected);
}

TEST_CASE("augmentation rules: what the other names have") {
  CHECK(training(Augmentation::crop_flip, 224) ==
        AugmentationRules{.crop = CropRule::simclr, .interpolation = Interpolation::bicubic, .flip = 0.5});
  CHECK(training(Augmentation::crop, 224) == AugmentationRules{.crop = CropRule::simclr});
  CHECK(training(Augmentation::none, 224) == AugmentationRules{});
}

TEST_CASE("augmentation rules: what is given replaces what follows from the name") {
  AugmentationOptions options{.name = Augmentation::simclr,
                              .crop = CropSampler::torchvision,
                              .crops = {.area_min = 0.2},
                              .interpolation = Interpolation::bilinear,
                              .flip = 0,
                              .jitter = 0.1,
                              .gray = 0.3,
                              .blur = 0.4,
                              .strength = 0.5,
                              .brightness = kernels::Brightness::add,
                              .sigma_min = 1,
                              .sigma_max = 3,
                              .sigma_per_image = true};
  CHECK(training_rules(options, images(32, 3)) == AugmentationRules{.crop = CropRule::torchvision,
                                                                    .range = {.area_min = 0.2},
                                                                    .interpolation = Interpolation::bilinear,
                                                                    .flip = 0,
                                                                    .jitter = 0.1,
                                                                    .strength = 0.5,
                                                                    .brightness = kernels::Brightness::add,
                                                                    .gray = 0.3,
                                                                    .blur = 0.4,
                                                                    .sigma_min = 1,
                                                                    .sigma_max = 3,
                                                                    .sigma_per_image = true});
}

TEST_CASE("augmentation rules: evaluation sees the middle of photographs, and small or drawn images whole") {
  const auto of = [](Augmentation name, std::int64_t side) {
    return evaluation_rules({.name = name}, images(side, 3));
  };
  CHECK(of(Augmentation::simclr, 224) ==
        AugmentationRules{.crop = CropRule::center, .interpolation = Interpolation::bicubic});
  CHECK(of(Augmentation::crop_flip, 33).crop == CropRule::center);
  CHECK(of(Augmentation::simclr, 32) == AugmentationRules{.center = 1, .interpolation = Interpolation::bicubic});
  CHECK(of(Augmentation::crop, 224) == AugmentationRules{.center = 1});
  CHECK(evaluation_rules({.name = Augmentation::crop, .center = 0.5}, images(28, 1)).center == 0.5);
}

TEST_CASE("augmentation rules: colours of images that have none are refused") {
  const auto refusal = [](AugmentationOptions options, std::int64_t channels) {
    options.name = Augmentation::simclr;
    return message_of<UsageError>([&] { training_rules(options, images(32, channels)); });
  };
  CHECK(refusal({}, 4) ==
        "colour jitter is for images of 1 or 3 channels, and pictures has 4; set augment.jitter to 0, or use --augment "
        "crop-flip");
  CHECK(refusal({.gray = 0.2}, 1) ==
        "making images grey is for images of 3 channels, and pictures has 1; set augment.gray to 0, or use --augment "
        "crop-flip");
  CHECK_NOTHROW(training_rules({.name = Augmentation::simclr, .jitter = 0}, images(32, 4)));
}

TEST_CASE("augmentation rules: how much detail an image needs follows from the smallest crop") {
  const auto side = [](const AugmentationRules& rules) { return decode_hint(rules, images(224, 3)).least_side; };
  CHECK(side({}) == 224);
  CHECK(side({.crop = CropRule::center}) == 256);
  CHECK(side({.crop = CropRule::simclr}) == 818);  // a tenth of the area, of aspect 3/4
  CHECK(side({.crop = CropRule::torchvision}) == 915);
  CHECK(side({.crop = CropRule::simclr, .range = {.area_min = 0.5}}) == 366);
}
