#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "kernels/augmentation.h"
#include "kernels/runtime/names.h"

namespace apps {

/// simclr: random crops, flips, colour jitter, grey and blur (Chen et al. 2020); crop-flip and crop: only these;
/// none: whole images.
enum class Augmentation { simclr, crop_flip, crop, none };
/// Which code's random crops.
enum class CropSampler { simclr, torchvision };

/// How views are made. What is not given follows from the name, the images and the size of the views: training_rules
/// and evaluation_rules (apps/input/augmentation_rules.h).
struct AugmentationOptions {
  Augmentation name = Augmentation::crop;
  std::int64_t size = 0;  ///< pixels a side of the views; 0: of the images
  CropSampler crop = CropSampler::simclr;
  kernels::CropRange crops = {};
  std::optional<kernels::Interpolation> interpolation = {};
  std::optional<double> flip = {}, jitter = {}, gray = {}, blur = {};  ///< probabilities
  double strength = 1;                                                 ///< of the colour jitter
  kernels::Brightness brightness = kernels::Brightness::multiply;
  double sigma_min = 0.1, sigma_max = 2;  ///< of the blur, pixels
  bool sigma_per_image = false;
  std::optional<double> center = {};  ///< share of the shorter side that evaluation sees
  bool operator==(const AugmentationOptions&) const = default;
};

}  // namespace apps

template <>
inline constexpr std::array engine::kNames<apps::Augmentation> = {"simclr", "crop-flip", "crop", "none"};
template <>
inline constexpr std::array engine::kNames<apps::CropSampler> = {"simclr", "torchvision"};
template <>
inline constexpr std::array engine::kNames<kernels::Interpolation> = {"bilinear", "bicubic"};
template <>
inline constexpr std::array engine::kNames<kernels::Brightness> = {"multiply", "add"};
