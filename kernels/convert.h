#pragma once
#include "kernels/kernel.h"

namespace kernels {

// y (+)= x, rounded to y's dtype
struct Convert {
  ConstView x;    // f32 or bf16
  Destination y;  // f32 or bf16, of x's shape
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(y)}; }
};

KERNEL(convert, Convert);

}  // namespace kernels
