#pragma once
#include "kernels/kernel.h"
#include "kernels/pool_geometry.h"

namespace kernels {

// y[n,p,q,c] = max_{r,s} x[n, p*stride+r-rows.before, q*stride+s-columns.before, c] over the pixels inside the image
// (padding is never the maximum); a NaN counts as the largest. taps[n,p,q,c] = r*window + s of the first maximum in the
// order of r, then s: backward does not read x.
struct MaxPoolForward {
  PoolGeometry g;
  ConstView x;  // f32 or bf16
  View y;
  View taps;  // u8; absent when no gradient is needed
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(y) + bytes_of(taps), .operations = g.operations()}; }
};
// dx (+)= dy at the pixel that was the window's maximum, summed in f32
struct MaxPoolBackward {
  PoolGeometry g;
  ConstView dy, taps;
  Destination dx;
  Cost cost() const { return {.bytes = bytes_of(dy) + bytes_of(taps) + bytes_of(dx), .operations = g.operations()}; }
};

KERNEL(max_pool_forward, MaxPoolForward);
KERNEL(max_pool_backward, MaxPoolBackward);

}  // namespace kernels
