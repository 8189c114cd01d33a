#pragma once
#include <cstdint>

#include "kernels/runtime/host_device.h"

namespace kernels {

/// Where output pixel `i` of `out` samples a row of `in` pixels (half-pixel centres): at pixel `first` and, with weight
/// `fraction`, at the next pixel. At the last pixel `fraction` is 0.
struct BilinearTap {
  std::int32_t first;
  float fraction;
};

inline constexpr std::int32_t kMostPixels = 32767;  // the largest side whose products below fit in 32 bits

/// Computed in integers, in units of 1 / (2 out), so that every build and device finds the same pixels.
HOST_DEVICE inline BilinearTap bilinear_tap(std::int32_t i, std::int32_t in, std::int32_t out) {
  const std::int32_t unit = 2 * out, last = (in - 1) * unit;
  std::int32_t source = (2 * i + 1) * in - out;  // (i + 0.5) in / out - 0.5
  source = source < 0 ? 0 : source > last ? last : source;
  const std::int32_t first = source / unit;
  return {first, static_cast<float>(source - first * unit) / static_cast<float>(unit)};
}

}  // namespace kernels
