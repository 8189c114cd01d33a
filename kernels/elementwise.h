#pragma once
#include "kernels/kernel.h"

namespace kernels {

// Tensors of one shape, f32 or bf16; arithmetic in f32.

// y = value
struct Fill {
  float value;
  View y;
  Cost cost() const { return {.bytes = bytes_of(y)}; }
};
// y (+)= alpha * x
struct Scale {
  ConstView x;
  float alpha = 1;
  Destination y;
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(y), .operations = x.shape.elements()}; }
};
// y (+)= scalar * x
struct ScaleBy {
  ConstView x;
  ConstView scalar;  // [] f32, on the device
  Destination y;
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(y), .operations = x.shape.elements()}; }
};
// y = a + b
struct Add {
  ConstView a, b;
  View y;
  Cost cost() const { return {.bytes = 3 * bytes_of(y), .operations = y.shape.elements()}; }
};
// y (+)= a * b
struct Multiply {
  ConstView a, b;
  Destination y;
  Cost cost() const { return {.bytes = 2 * bytes_of(a) + bytes_of(y), .operations = a.shape.elements()}; }
};
// y (+)= alpha * scalar * (a - b)
struct ScaledDifference {
  ConstView a, b;
  ConstView scalar;  // [] f32, on the device
  float alpha = 1;
  Destination y;
  Cost cost() const { return {.bytes = 2 * bytes_of(a) + bytes_of(y), .operations = 2 * a.shape.elements()}; }
};
// y (+)= alpha * scalar, the same value in every element
struct Broadcast {
  ConstView scalar;  // [] f32, on the device
  float alpha = 1;
  Destination y;
  Cost cost() const { return {.bytes = bytes_of(y)}; }
};
// y = max(x, 0); NaN stays NaN, so that a broken network shows in its loss
struct ReluForward {
  ConstView x;
  View y;
  Cost cost() const { return {.bytes = 2 * bytes_of(y), .operations = y.shape.elements()}; }
};
// dx (+)= dy where y > 0: reads the output, which the next operation keeps anyway
struct ReluBackward {
  ConstView dy, y;
  Destination dx;
  Cost cost() const { return {.bytes = 2 * bytes_of(y) + bytes_of(dx), .operations = y.shape.elements()}; }
};

KERNEL(fill, Fill);
KERNEL(scale, Scale);
KERNEL(scale_by, ScaleBy);
KERNEL(add, Add);
KERNEL(multiply, Multiply);
KERNEL(scaled_difference, ScaledDifference);
KERNEL(broadcast, Broadcast);
KERNEL(relu_forward, ReluForward);
KERNEL(relu_backward, ReluBackward);

}  // namespace kernels
