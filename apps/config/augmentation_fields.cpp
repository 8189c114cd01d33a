#include "apps/config/fields.h"
#include "apps/config/ranges.h"

namespace apps {

std::vector<ConfigField> augmentation_fields() {
  const Condition crops = when("augment.name", {"simclr", "crop-flip", "crop"}),
                  flips = when("augment.name", {"simclr", "crop-flip"}), simclr = when("augment.name", {"simclr"});
  const Range probability = between(0, 1), sigma{.min = 0, .max = 1000, .min_excluded = true};
  return {
      {.key = "augment.name",
       .value = MEMBER(data.augment.name),
       .flag = "--augment",
       .help = "how views are made: SimCLR's whole pipeline, random crops with or without flips, or whole images"},
      {.key = "augment.size",
       .value = MEMBER(data.augment.size),
       .flag = "--image-size",
       .help = "pixels a side of the views; 0: the images' own size, which must then be the same for all",
       .range = between(0, kernels::kMostPixels)},
      {.key = "augment.crop",
       .value = MEMBER(data.augment.crop),
       .help = "random crops as SimCLR's code draws them (small ones more often), or torchvision's RandomResizedCrop",
       .only_with = crops},
      {.key = "augment.interpolation",
       .value = MEMBER(data.augment.interpolation),
       .help = "of resized crops, in training and evaluation; auto: bicubic for simclr and crop-flip, else bilinear"},
      {.key = "augment.flip",
       .value = MEMBER(data.augment.flip),
       .help = "probability of a mirror image; auto: 0.5",
       .range = probability,
       .only_with = flips},
      {.key = "augment.jitter",
       .value = MEMBER(data.augment.jitter),
       .help = "probability of colour jitter: brightness, contrast, saturation and hue, in random order; auto: 0.8",
       .range = probability,
       .only_with = simclr},
      {.key = "augment.strength",
       .value = MEMBER(data.augment.strength),
       .help = "of the colour jitter: 1 for ImageNet, 0.5 for CIFAR-10 in SimCLR",
       .range = between(0, 1.25),
       .only_with = simclr},
      {.key = "augment.brightness",
       .value = MEMBER(data.augment.brightness),
       .help = "multiply by a factor (SimCLR v2) or add a number (v1)",
       .only_with = simclr},
      {.key = "augment.gray",
       .value = MEMBER(data.augment.gray),
       .help = "probability of a grey view; auto: 0.2 for colour images, else 0",
       .range = probability,
       .only_with = simclr},
      {.key = "augment.blur",
       .value = MEMBER(data.augment.blur),
       .help = "probability of a Gaussian blur; auto: 0.5 for views above 32 pixels, else 0",
       .range = probability,
       .only_with = simclr},
      {.key = "augment.sigma_min",
       .value = MEMBER(data.augment.sigma_min),
       .help = "smallest standard deviation of the blur, in pixels",
       .range = sigma,
       .only_with = simclr},
      {.key = "augment.sigma_max",
       .value = MEMBER(data.augment.sigma_max),
       .help = "largest standard deviation of the blur, in pixels",
       .range = sigma,
       .only_with = simclr},
      {.key = "augment.sigma_per_image",
       .value = MEMBER(data.augment.sigma_per_image),
       .help = "draw the standard deviation for each image; off: once for each view of a batch, as SimCLR's code does",
       .only_with = simclr},
      {.key = "augment.center",
       .value = MEMBER(data.augment.center),
       .help =
           "share of the shorter side that evaluation sees, in the middle; auto: 0.875 for simclr and crop-flip with "
           "views above 32 pixels, else 1",
       .range = {.min = 0, .max = 1, .min_excluded = true}},
  };
}

}  // namespace apps
