#pragma once
#include <compare>

#include "kernels/kernel.h"

namespace kernels {

/// Sizes of a two-dimensional convolution with the same stride and zero padding in both directions.
struct Conv2dGeometry {
  std::int64_t n, h, w, c;  ///< x      [n,h,w,c]
  std::int64_t k, r, s;     ///< weight [k,r,s,c]
  std::int64_t stride = 1, pad = 0;

  std::int64_t p() const { return (h + 2 * pad - r) / stride + 1; }  ///< y [n,p,q,k]
  std::int64_t q() const { return (w + 2 * pad - s) / stride + 1; }
  std::int64_t operations() const { return 2 * n * p() * q() * k * r * s * c; }
  friend auto operator<=>(const Conv2dGeometry&, const Conv2dGeometry&) = default;
};

// Images and weights are all f32 or all bf16. Sums and the weights' gradient are f32.

// y[n,p,q,k] = sum_{r,s,c} x[n, p*stride+r-pad, q*stride+s-pad, c] * weight[k,r,s,c], zero outside x
struct Conv2dForward {
  Conv2dGeometry g;
  ConstView x, weight;
  View y;
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(weight) + bytes_of(y), .operations = g.operations()}; }
};
// dx (+)= the gradient of sum(dy * y) with respect to x
struct Conv2dDgrad {
  Conv2dGeometry g;
  ConstView dy, weight;
  Destination dx;
  Cost cost() const { return {.bytes = bytes_of(dy) + bytes_of(weight) + bytes_of(dx), .operations = g.operations()}; }
};
// dweight (+)= the gradient of sum(dy * y) with respect to weight
struct Conv2dWgrad {
  Conv2dGeometry g;
  ConstView dy, x;
  Destination dweight;  // f32
  Cost cost() const { return {.bytes = bytes_of(dy) + bytes_of(x) + bytes_of(dweight), .operations = g.operations()}; }
};

KERNEL(conv2d_forward, Conv2dForward);
KERNEL(conv2d_dgrad, Conv2dDgrad);
KERNEL(conv2d_wgrad, Conv2dWgrad);

}  // namespace kernels
