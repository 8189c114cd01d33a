#pragma once
#include "kernels/kernel.h"

namespace kernels {

/// y[v,b,i,j,:C] = bilinear(images[b] inside boxes[v,b]) / 255, resized to h x w with half-pixel centres:
///   source = (i + 0.5) * box_height / h - 0.5, clamped to the box (no pixel outside the crop is seen), no
///   antialiasing.
/// y[v,b,i,j,C+p] = bit p of bits[b] (or bits[v,b]), as 0 or 1: constant planes, which the crop does not change.
/// Without boxes the box is the whole image; at equal size the result is exactly images / 255, as evaluation needs it.
struct CropResize {
  ConstView images;    // u8 [B,H,W,C]
  ConstView boxes;     // i32 [views,B,4]: y, x, height, width, inside the image; or none
  ConstView bits;      // i64 [B], or [views,B] where each view has its own; or none without bit planes
  View y;              // f32 or bf16 [views,B,h,w,C+bit_planes]
  int bit_planes = 0;  // 0 to 64

  Cost cost() const {
    return {.bytes = bytes_of(images) + bytes_of(boxes) + bytes_of(bits) + bytes_of(y),
            .operations = y.shape.rows() * images.shape.cols() * 6};
  }
};

/// Throws when the shapes do not match.
void expect_valid(const CropResize& args);

KERNEL(crop_resize, CropResize);

}  // namespace kernels
