#pragma once
#include "kernels/kernel.h"

namespace kernels {

// x, weight and dy are all f32 or all bf16; sums are in f32.

// y[n,k] = sum_c x[n,c] weight[k,c] + bias[k]; the bias may be absent.
struct LinearForward {
  ConstView x;       // [n,c]
  ConstView weight;  // [k,c]
  ConstView bias;    // f32 [k] or none
  View y;            // [n,k], of x's dtype; or f32 when x is bf16
  Cost cost() const {
    return {.bytes = bytes_of(x) + bytes_of(weight) + bytes_of(y),
            .operations = 2 * x.shape.rows() * weight.shape.elements()};
  }
};
// dx[n,c] (+)= sum_k dy[n,k] weight[k,c]
struct LinearDgrad {
  ConstView dy, weight;
  Destination dx;  // of the dtype of dy and weight
  Cost cost() const {
    return {.bytes = bytes_of(dy) + bytes_of(weight) + bytes_of(dx),
            .operations = 2 * dy.shape.rows() * weight.shape.elements()};
  }
};
// dweight[k,c] (+)= sum_n dy[n,k] x[n,c]
struct LinearWgrad {
  ConstView dy, x;
  Destination dweight;  // always f32
  Cost cost() const {
    return {.bytes = bytes_of(dy) + bytes_of(x) + bytes_of(dweight),
            .operations = 2 * dy.shape.rows() * dweight.view.shape.elements()};
  }
};
// dbias[k] (+)= sum_n dy[n,k]
struct BiasGrad {
  ConstView dy;       // f32 or bf16
  Destination dbias;  // f32
  Cost cost() const { return {.bytes = bytes_of(dy) + bytes_of(dbias), .operations = dy.shape.elements()}; }
};

KERNEL(linear_forward, LinearForward);
KERNEL(linear_dgrad, LinearDgrad);
KERNEL(linear_wgrad, LinearWgrad);
KERNEL(bias_grad, BiasGrad);

}  // namespace kernels
