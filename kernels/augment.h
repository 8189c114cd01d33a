#pragma once
#include "kernels/augmentation.h"
#include "kernels/kernel.h"

namespace kernels {

/// Views of images, as drawn (AugmentationDraw): from u8 images of any size to y[v,b,:,:,:C], all in f32 and rounded
/// once, and to constant planes y[v,b,:,:,C+p] = bit p of bits[b] (or bits[v,b]), which no part of the augmentation
/// changes. Images are x / 255. In this order:
///   1. The box resized to h x w (kernels/resampling.h), where no pixel outside the box is seen. Where it has that size
///      already, this is exactly x / 255. Bicubic values below 0 and above 1 stay so until they are clipped.
///   2. Mirrored, if the draw says so.
///   3. Colour jitter, if so: the draw's operations (kernels/color.h) in its order, clipped to [0,1] after each. The
///      contrast's mean is that of each channel of the view. Images of one channel have brightness and contrast only.
///   4. Grey, if so, where there are three channels.
///   5. Clipped to [0,1].
///   6. Blurred, if sigma > 0 and blur_radius(h) > 0: with weights in proportion to exp(-x^2 / 2 sigma^2) in
///      both directions; what lies outside the view counts as 0, so that borders become darker. Clipped again.
struct Augment {
  AugmentationRules rules;  // which parts there are at all, and how they are computed; numbers are in the draws
  ConstView pixels;         // u8 [bytes]: all images one after another, each [H,W,C]
  ConstView offsets;        // i64 [B]: where each begins
  ConstView extents;        // i32 [B,2]: height and width of each
  ConstView draws;          // i32 [views,B,kDrawWords]
  ConstView bits;           // i64 [B], or [views,B] where each view has its own; or none without bit planes
  View y;                   // f32 or bf16 [views,B,h,w,C+bit_planes]
  int bit_planes = 0;       // 0 to 64

  std::int64_t channels() const { return y.shape[4] - bit_planes; }
  Cost cost() const;
};

/// Throws when the shapes do not match or the rules ask for what images of these channels do not have.
void expect_valid(const Augment& args);

KERNEL(augment, Augment);

}  // namespace kernels
