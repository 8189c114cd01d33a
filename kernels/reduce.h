#pragma once
#include "kernels/kernel.h"

namespace kernels {

// y = factor * sum of all elements of x. Accumulates in double, in an order that does not depend on the thread count.
struct Sum {
  ConstView x;  // any shape, f32 or bf16
  float factor = 1;
  View y;  // [] f32
  Cost cost() const { return {.bytes = bytes_of(x), .operations = x.shape.elements()}; }
};

// y = factor * sum of (a - b)^2 over all elements, accumulated likewise
struct SquaredDistance {
  ConstView a, b;  // of one shape, both f32 or both bf16
  float factor = 1;
  View y;  // [] f32
  Cost cost() const { return {.bytes = 2 * bytes_of(a), .operations = 3 * a.shape.elements()}; }
};

KERNEL(sum, Sum);
KERNEL(squared_distance, SquaredDistance);

}  // namespace kernels
