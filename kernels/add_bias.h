#pragma once
#include "kernels/kernel.h"

namespace kernels {

// y[...,c] += bias[c], in place: for layers whose product has no place for a bias. Sums are f32, rounded to y's dtype.
struct AddBias {
  ConstView bias;  // f32 [C]
  View y;          // f32 or bf16 [...,C]
  Cost cost() const { return {.bytes = 2 * bytes_of(ConstView(y)), .operations = y.shape.elements()}; }
};

KERNEL(add_bias, AddBias);

}  // namespace kernels
