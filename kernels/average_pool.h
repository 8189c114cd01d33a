#pragma once
#include "kernels/kernel.h"
#include "kernels/pool_geometry.h"

namespace kernels {

// y[n,p,q,c] = 1/count sum_{r,s} x[n, p*stride+r-rows.before, q*stride+s-columns.before, c] over the pixels inside the
// image, summed in f32; count is the number of these pixels, or window^2 if padding counts as zeros.
struct AveragePoolForward {
  PoolGeometry g;
  ConstView x;  // f32 or bf16
  View y;
  bool counts_padding;
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(y), .operations = g.operations()}; }
};
// dx (+)= dy / count, from every window over a pixel
struct AveragePoolBackward {
  PoolGeometry g;
  ConstView dy;
  Destination dx;
  bool counts_padding;
  Cost cost() const { return {.bytes = bytes_of(dy) + bytes_of(dx), .operations = g.operations()}; }
};

KERNEL(average_pool_forward, AveragePoolForward);
KERNEL(average_pool_backward, AveragePoolBackward);

}  // namespace kernels
