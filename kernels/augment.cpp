#include "kernels/augment.h"

#include <algorithm>

namespace kernels {

Cost Augment::cost() const {
  // Each view reads its box, at most the whole image; a pixel's taps in both directions, colours and blur.
  const std::int64_t values = y.shape.rows() * channels(), blurred = rules.blur > 0 ? blur_radius(y.shape[2]) : 0;
  const std::int64_t resized = rules.interpolation == Interpolation::bicubic ? 16 : 8;
  return {.bytes =
              bytes_of(pixels) + bytes_of(offsets) + bytes_of(extents) + bytes_of(draws) + bytes_of(bits) + bytes_of(y),
          .operations = values * (resized + (rules.jitter > 0 ? 40 : 0) + 2 * 2 * (2 * blurred + 1))};
}

void expect_valid(const Augment& args) {
  const Shape& y = args.y.shape;
  EXPECTS(args.bit_planes >= 0 && args.bit_planes <= 64, "augment: expected 0 to 64 bit planes, got ", args.bit_planes);
  EXPECTS(y.rank() == 5 && y[4] > args.bit_planes, "augment: y must be [views,B,h,w,C+", args.bit_planes, "], got ", y);
  const std::int64_t views = y[0], batch = y[1];
  EXPECTS(args.pixels.shape.rank() == 1 && args.offsets.shape == Shape{batch} &&
              args.extents.shape == (Shape{batch, 2}) && args.draws.shape == (Shape{views, batch, kDrawWords}),
          "augment: pixels must be [bytes], offsets [B], extents [B,2] and draws [views,B,", kDrawWords, "], of ",
          views, " views of ", batch, " images, got ", args.pixels.shape, ", ", args.offsets.shape, ", ",
          args.extents.shape, " and ", args.draws.shape);
  EXPECTS(std::max(y[2], y[3]) <= kMostPixels, "augment: expected views of at most ", kMostPixels,
          " pixels a side, got y ", y);
  EXPECTS(args.bit_planes == 0 || args.bits.shape == Shape{batch} || args.bits.shape == (Shape{views, batch}),
          "augment: bit planes need bits [B] or [views,B] = ", Shape{views, batch}, ", got ", args.bits.shape);
  const std::int64_t channels = args.channels();
  EXPECTS(args.rules.jitter == 0 || channels == 1 || channels == 3,
          "augment: colour jitter is for images of 1 or 3 channels, got ", channels);
}

}  // namespace kernels
