#pragma once
#include <cstdint>
#include <cstring>

#include "kernels/crop_sampler.h"
#include "kernels/resampling.h"

namespace kernels {

/// What part of an image a view shows: all of it; its middle, for evaluation; or a random box, drawn as SimCLR's code
/// or as torchvision's RandomResizedCrop draws it.
enum class CropRule { whole, center, simclr, torchvision };
/// Multiply by a factor (SimCLR v2) or add a number (v1).
enum class Brightness { multiply, add };

/// How views are made of images: SimCLR's pipeline (Chen et al. 2020, appendix A), of which each part can be left out.
/// In this order: crop and resize, flip, colour jitter, grey, clip to [0,1], blur, clip.
struct AugmentationRules {
  CropRule crop = CropRule::whole;
  CropRange range = {};   // of random boxes
  double center = 0.875;  // the middle's share of the shorter side
  Interpolation interpolation = Interpolation::bilinear;

  double flip = 0;      // probability of a mirror image
  double jitter = 0;    // probability of colour jitter: four operations in random order, clipped to [0,1] after each
  double strength = 1;  // of the jitter: 0 to 1.25
  Brightness brightness = Brightness::multiply;
  double gray = 0;  // probability

  double blur = 0;                        // probability of a Gaussian blur
  double sigma_min = 0.1, sigma_max = 2;  // pixels of the view
  bool sigma_per_image = false;           // or one of each view of a batch
  bool operator==(const AugmentationRules&) const = default;
};

/// Pixels on each side of the middle that a blurred pixel is made of: a view of 224 takes 11, and one below 20 is not
/// blurred.
HOST_DEVICE constexpr std::int32_t blur_radius(std::int64_t height) {
  return static_cast<std::int32_t>(height / 10 / 2);
}

/// The jitter's operations; their numbers are in AugmentationDraw::order.
enum class ColorOperation : std::uint8_t { brightness, contrast, saturation, hue };
inline constexpr int kColorOperations = 4;

/// What is drawn for one view of one image.
struct AugmentationDraw {
  CropBox box = {};                             // in pixels of the image
  float brightness = 1;                         // factor, or what is added
  float contrast = 1, saturation = 1;           // factors
  float hue = 0;                                // share of a full turn that is added
  float sigma = 0;                              // of the blur, pixels of the view; 0: none
  std::uint8_t flip = 0, jitter = 0, gray = 0;  // 0 or 1
  std::uint8_t order = 0b11'10'01'00;           // two bits for each operation, the first one's lowest

  HOST_DEVICE ColorOperation operation(int place) const {
    return static_cast<ColorOperation>(order >> (2 * place) & 3);
  }
};
inline constexpr int kDrawWords = 10;  // of 32 bits: the last dimension of tensors of draws
static_assert(sizeof(AugmentationDraw) == kDrawWords * sizeof(std::int32_t));

/// From and to host memory of a tensor of draws.
inline AugmentationDraw read_draw(const std::int32_t* words) {
  AugmentationDraw draw;
  std::memcpy(static_cast<void*>(&draw), words, sizeof draw);
  return draw;
}
inline void write_draw(const AugmentationDraw& draw, std::int32_t* words) { std::memcpy(words, &draw, sizeof draw); }

}  // namespace kernels
