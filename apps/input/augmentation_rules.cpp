#include "apps/input/augmentation_rules.h"

#include <algorithm>
#include <cmath>

#include "apps/settings/usage_error.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

constexpr std::int64_t kLargestSmallView = 32;  // CIFAR-10's: SimCLR's code neither blurs nor crops for evaluation

bool large(const data::Source& source) {
  const engine::Shape view = data::view_shape(source);
  return std::max(view[0], view[1]) > kLargestSmallView;
}

kernels::Interpolation interpolation_of(const AugmentationOptions& options) {
  using kernels::Interpolation;
  const bool photographs = options.name == Augmentation::simclr || options.name == Augmentation::crop_flip;
  return options.interpolation.value_or(photographs ? Interpolation::bicubic : Interpolation::bilinear);
}

void check_colours(const AugmentationOptions& options, const data::Source& source) {
  const int channels = source.layout().channels;
  const auto refuse = [&](const char* what, const char* key, const char* needed) {
    throw UsageError(engine::concat(what, " is for images of ", needed, ", and ", source.describe(), " has ", channels,
                                    "; set augment.", key, " to 0, or use --augment crop-flip"));
  };
  const bool jitters = options.jitter.value_or(options.name == Augmentation::simclr ? 1 : 0) > 0;
  if (jitters && channels != 1 && channels != 3) refuse("colour jitter", "jitter", "1 or 3 channels");
  if (options.gray.value_or(0) > 0 && channels != 3) refuse("making images grey", "gray", "3 channels");
}

}  // namespace

kernels::AugmentationRules training_rules(const AugmentationOptions& options, const data::Source& source) {
  check_colours(options, source);
  const bool simclr = options.name == Augmentation::simclr, flips = simclr || options.name == Augmentation::crop_flip;
  kernels::AugmentationRules rules{.range = options.crops,
                                   .interpolation = interpolation_of(options),
                                   .flip = options.flip.value_or(flips ? 0.5 : 0),
                                   .jitter = options.jitter.value_or(simclr ? 0.8 : 0),
                                   .strength = options.strength,
                                   .brightness = options.brightness,
                                   .gray = options.gray.value_or(simclr && source.layout().channels == 3 ? 0.2 : 0),
                                   .blur = options.blur.value_or(simclr && large(source) ? 0.5 : 0),
                                   .sigma_min = options.sigma_min,
                                   .sigma_max = options.sigma_max,
                                   .sigma_per_image = options.sigma_per_image};
  if (options.name != Augmentation::none) {
    rules.crop = options.crop == CropSampler::simclr ? kernels::CropRule::simclr : kernels::CropRule::torchvision;
  }
  return rules;
}

kernels::AugmentationRules evaluation_rules(const AugmentationOptions& options, const data::Source& source) {
  const bool photographs = options.name == Augmentation::simclr || options.name == Augmentation::crop_flip;
  const double center = options.center.value_or(photographs && large(source) ? 0.875 : 1);
  return {.crop = center < 1 ? kernels::CropRule::center : kernels::CropRule::whole,
          .center = center,
          .interpolation = interpolation_of(options)};
}

data::DecodeHint decode_hint(const kernels::AugmentationRules& rules, const data::Source& source) {
  const engine::Shape view = data::view_shape(source);
  const auto side = static_cast<double>(std::max(view[0], view[1]));
  const kernels::CropRange& range = rules.range;
  double share = 1;  // of the image's shorter side that a crop has at least
  switch (rules.crop) {
    case kernels::CropRule::whole: break;
    case kernels::CropRule::center: share = rules.center; break;
    case kernels::CropRule::simclr:
    case kernels::CropRule::torchvision: {
      const bool simclr = rules.crop == kernels::CropRule::simclr;
      const double area = simclr ? std::max(range.area_min, kernels::kMinCropArea) : range.area_min;
      share = std::sqrt(area * std::min(range.aspect_min, 1 / range.aspect_max));
    }
  }
  return {.least_side = static_cast<std::int64_t>(std::ceil(side / share))};
}

}  // namespace apps
