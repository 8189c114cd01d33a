#pragma once
#include <cmath>
#include <cstdint>

#include "kernels/runtime/host_device.h"
#include "kernels/runtime/philox.h"

namespace kernels {

/// Which crops are drawn. Areas are fractions of the image; the aspect is width / height of the box.
struct CropRange {
  double area_min = 0.08, area_max = 1;
  double aspect_min = 3.0 / 4, aspect_max = 4.0 / 3;
  bool operator==(const CropRange&) const = default;

  /// The range for an output that is not square: there, a box of the output's shape has aspect 1.
  HOST_DEVICE CropRange for_output(std::int64_t height, std::int64_t width) const {
    const double shape = static_cast<double>(width) / static_cast<double>(height);
    return {area_min, area_max, aspect_min * shape, aspect_max * shape};
  }
};

/// No smaller box is drawn, whatever area_min is.
inline constexpr double kMinCropArea = 0.1;
/// Attempts to draw a box; if all fail, the box is the whole image.
inline constexpr int kCropAttempts = 100;

struct CropBox {
  std::int32_t y, x, height, width;  // in pixels, y and x of the top left corner
};

/// Rounds half to even, like TensorFlow here (in the default rounding mode, which is never changed).
HOST_DEVICE inline std::int64_t round_half_even(double value) { return static_cast<std::int64_t>(rint(value)); }

/// One attempt to draw a box from an image of `height` x `width`; returns false if it must be repeated. The rule is
/// that of TensorFlow's sample_distorted_bounding_box, which SimCLR uses, with the whole image as the object, of which
/// a tenth must be covered. Its quirks are kept: the aspect is uniform (not log-uniform); the height is uniform, so
/// that small areas are drawn more often than large ones; and the last possible offset is never drawn.
HOST_DEVICE inline bool try_crop(engine::Philox& random, std::int64_t height, std::int64_t width,
                                 const CropRange& range, CropBox& box) {
  const auto image_area = static_cast<double>(height * width);
  const double area_min = range.area_min * image_area, area_max = range.area_max * image_area;
  const double aspect = range.aspect_min + (range.aspect_max - range.aspect_min) * random.uniform64();

  const std::int64_t h_min = round_half_even(sqrt(area_min / aspect));
  std::int64_t h_max = round_half_even(sqrt(area_max / aspect));
  if (round_half_even(static_cast<double>(h_max) * aspect) > width) {  // the tallest box that is not too wide
    h_max = static_cast<std::int64_t>((static_cast<double>(width) + 0.5 - 1e-7) / aspect);
    if (round_half_even(static_cast<double>(h_max) * aspect) > width) --h_max;
  }
  if (h_max > height) h_max = height;
  std::int64_t h = h_max;
  if (h_min < h_max) h = h_min + random.below(static_cast<std::uint64_t>(h_max - h_min + 1));

  std::int64_t w = round_half_even(static_cast<double>(h) * aspect);
  const auto area = [&] { return static_cast<double>(h * w); };
  if (area() < area_min) w = round_half_even(static_cast<double>(++h) * aspect);
  if (area() > area_max) w = round_half_even(static_cast<double>(--h) * aspect);
  if (area() < area_min || area() > area_max || h > height || w > width || h <= 0 || w <= 0) return false;

  const std::uint32_t y = h < height ? random.below(static_cast<std::uint64_t>(height - h)) : 0;
  const std::uint32_t x = w < width ? random.below(static_cast<std::uint64_t>(width - w)) : 0;
  box = {static_cast<std::int32_t>(y), static_cast<std::int32_t>(x), static_cast<std::int32_t>(h),
         static_cast<std::int32_t>(w)};
  return area() / image_area >= kMinCropArea;
}

/// The first box of a successful attempt; the whole image if all fail. Computed in double without contraction (compile
/// with -ffp-contract=off, -fmad=false), so that every build and device draws the same boxes.
HOST_DEVICE inline CropBox draw_crop(engine::Philox& random, std::int64_t height, std::int64_t width,
                                     const CropRange& range) {
  CropBox box{};
  for (int attempt = 0; attempt < kCropAttempts; ++attempt) {
    if (try_crop(random, height, width, range, box)) return box;
  }
  return {0, 0, static_cast<std::int32_t>(height), static_cast<std::int32_t>(width)};
}

/// x^y for x from 1 to 100 and y from 0 to 1, the same in every build and on every device, within 1e-14: a series for
/// the logarithm at the sixteenth root of x, and one for the exponential.
HOST_DEVICE inline double portable_pow(double x, double y) {
  const double root = sqrt(sqrt(sqrt(sqrt(x)))), z = (root - 1) / (root + 1);
  double series = 0;
  for (int n = 23; n > 0; n -= 2) series = series * z * z + 1.0 / n;
  const double exponent = 2 * z * series * y;  // of the result's sixteenth root
  double power = 1;
  for (int n = 14; n > 0; --n) power = power * exponent / n + 1;
  for (int i = 0; i < 4; ++i) power *= power;
  return power;
}

/// The rule of torchvision's RandomResizedCrop: area uniform, aspect log-uniform, every offset; after ten failures the
/// largest box in the middle whose aspect is within the range.
HOST_DEVICE inline CropBox draw_torchvision_crop(engine::Philox& random, std::int64_t height, std::int64_t width,
                                                 const CropRange& range) {
  constexpr int kAttempts = 10;
  const auto box = [](std::int64_t y, std::int64_t x, std::int64_t h, std::int64_t w) {
    return CropBox{static_cast<std::int32_t>(y), static_cast<std::int32_t>(x), static_cast<std::int32_t>(h),
                   static_cast<std::int32_t>(w)};
  };
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double share = range.area_min + (range.area_max - range.area_min) * random.uniform64();
    const double area = share * static_cast<double>(height * width);
    const double aspect = range.aspect_min * portable_pow(range.aspect_max / range.aspect_min, random.uniform64());
    const std::int64_t w = round_half_even(sqrt(area * aspect)), h = round_half_even(sqrt(area / aspect));
    if (w <= 0 || h <= 0 || w > width || h > height) continue;
    const std::int64_t y = random.below(static_cast<std::uint64_t>(height - h + 1));
    return box(y, random.below(static_cast<std::uint64_t>(width - w + 1)), h, w);
  }
  const auto rows = static_cast<double>(height), columns = static_cast<double>(width);
  std::int64_t h = height, w = width;
  if (columns / rows < range.aspect_min) {
    h = round_half_even(columns / range.aspect_min);
  } else if (columns / rows > range.aspect_max) {
    w = round_half_even(rows * range.aspect_max);
  }
  h = h < 1 ? 1 : h;
  w = w < 1 ? 1 : w;
  return box((height - h) / 2, (width - w) / 2, h, w);
}

}  // namespace kernels
