#pragma once
#include <cstdint>

#include "kernels/runtime/host_device.h"

namespace kernels {

/// How pixels between pixels are computed, without antialiasing.
/// bilinear: two neighbours; a position beyond the border is that of the border's pixel.
/// bicubic: four neighbours with Keys' weights, a = -1/2; those beyond the border are left out, and the other weights
/// scaled up to a sum of 1; the fraction is rounded to 1/1024 (TensorFlow 2's ResizeBicubic, which SimCLR uses).
enum class Interpolation { bilinear, bicubic };

inline constexpr std::int32_t kMostPixels = 32767;  // the largest side that both sizes below may have
/// Whether a row of `in` pixels can become one of `out`: their products must fit in 32 bits.
constexpr bool can_resample(std::int64_t in, std::int64_t out) { return 2 * in * out + in < (std::int64_t{1} << 31); }
inline constexpr int kMostTaps = 4;

/// The pixels that make one of the output: `count` of them from `first` on, and a weight each.
struct ResampleTaps {
  std::int32_t first, count;
  float weight[kMostTaps];
};

/// How many neighbours a pixel of a row of `in` has: as many in all places, some with a weight of 0.
HOST_DEVICE inline std::int32_t taps_of(Interpolation interpolation, std::int32_t in) {
  const std::int32_t most = interpolation == Interpolation::bicubic ? 4 : 2;
  return in < most ? in : most;
}

/// The weight of a pixel at a distance of -2 to 2 (Keys 1981, equation 15).
HOST_DEVICE inline float keys_weight(float distance) {
  const float x = distance < 0 ? -distance : distance;
  if (x >= 2) return 0;
  return x < 1 ? (1.5f * x - 2.5f) * x * x + 1 : ((-0.5f * x + 2.5f) * x - 4) * x + 2;
}

/// Where pixel `i` of `out` samples a row of `in` (half-pixel centres): at (i + 0.5) in / out - 0.5. The place is
/// computed in integers, in units of 1 / (2 out), so that every build and device finds the same pixels.
HOST_DEVICE inline ResampleTaps resample_taps(std::int32_t i, std::int32_t in, std::int32_t out,
                                              Interpolation interpolation) {
  const std::int32_t unit = 2 * out, count = taps_of(interpolation, in);
  std::int32_t source = (2 * i + 1) * in - out;
  ResampleTaps taps{.first = 0, .count = count, .weight = {}};
  if (interpolation == Interpolation::bilinear) {
    const std::int32_t last = (in - 1) * unit;
    source = source < 0 ? 0 : source > last ? last : source;
    const std::int32_t below = source / unit;
    const float fraction = static_cast<float>(source - below * unit) / static_cast<float>(unit);
    taps.first = below < in - count ? below : in - count;
    const bool at_last = below > taps.first;  // the last pixel's second neighbour is itself
    taps.weight[0] = at_last ? 0 : 1 - fraction;
    if (count > 1) taps.weight[1] = at_last ? 1 : fraction;
    return taps;
  }
  const std::int32_t below = source < 0 ? -1 : source / unit;  // rounded down: a source is never below -out
  const std::int32_t fraction = ((source - below * unit) * 1024 + out) / unit;
  const std::int32_t lowest = below - 1;
  taps.first = lowest < 0 ? 0 : lowest > in - count ? in - count : lowest;
  float sum = 0;
  for (std::int32_t k = 0; k < count; ++k) {
    const std::int32_t away = (taps.first + k - below) * 1024 - fraction;
    taps.weight[k] = keys_weight(static_cast<float>(away) * 0x1p-10f);
    sum += taps.weight[k];
  }
  for (std::int32_t k = 0; k < count; ++k) taps.weight[k] /= sum;
  return taps;
}

}  // namespace kernels
