#pragma once
#include "kernels/kernel.h"

namespace kernels {

/// Padding before the first and after the last pixel of one direction. A padded position is never the maximum.
struct PoolPadding {
  std::int64_t before = 0, after = 0;  ///< each less than the window, so that every window covers a pixel
};

/// Sizes of a two-dimensional pooling with square windows.
struct MaxPoolGeometry {
  std::int64_t n, h, w, c;  ///< x [n,h,w,c]
  std::int64_t window, stride;
  PoolPadding rows{}, columns{};

  std::int64_t p() const { return (h + rows.before + rows.after - window) / stride + 1; }  ///< y [n,p,q,c]
  std::int64_t q() const { return (w + columns.before + columns.after - window) / stride + 1; }
  std::int64_t operations() const { return n * p() * q() * c * window * window; }
};

// y[n,p,q,c] = max_{r,s} x[n, p*stride+r-rows.before, q*stride+s-columns.before, c] over the pixels inside the image; a
// NaN counts as the largest. taps[n,p,q,c] = r*window + s of the first maximum in the order of r, then s: backward does
// not read x.
struct MaxPoolForward {
  MaxPoolGeometry g;
  ConstView x;  // f32 or bf16
  View y;
  View taps;  // u8; absent when no gradient is needed
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(y) + bytes_of(taps), .operations = g.operations()}; }
};
// dx (+)= dy at the pixel that was the window's maximum, summed in f32
struct MaxPoolBackward {
  MaxPoolGeometry g;
  ConstView dy, taps;
  Destination dx;
  Cost cost() const { return {.bytes = bytes_of(dy) + bytes_of(taps) + bytes_of(dx), .operations = g.operations()}; }
};

KERNEL(max_pool_forward, MaxPoolForward);
KERNEL(max_pool_backward, MaxPoolBackward);

}  // namespace kernels
