#pragma once
#include "kernels/crop_sampler.h"
#include "kernels/kernel.h"

namespace kernels {

/// One random crop per view and image: boxes[v,b] = draw_crop(Philox(seed, crop, v, counters[b])). A box depends on
/// nothing else: the same visit of the same example gets the same crops in any batch and on any device.
struct DrawCrops {
  std::uint64_t seed;
  std::int64_t height, width;  // of the images, pixels
  CropRange range;
  ConstView counters;  // i64 [B]: epoch * examples + example
  View boxes;          // i32 [views,B,4]: y, x, height, width

  Cost cost() const { return {.bytes = bytes_of(counters) + bytes_of(boxes)}; }
};

/// Throws when the shapes do not match or a range is invalid.
void expect_valid(const DrawCrops& args);

KERNEL(draw_crops, DrawCrops);

}  // namespace kernels
