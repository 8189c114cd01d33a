#pragma once
#include "kernels/kernel.h"

namespace kernels {

// order = a random permutation of 0..n-1: the rows sorted by a random word each, of equal words the lower row first.
// Row i's word is that of Philox(seed, key_order, 0, step * n + i).
struct RandomOrder {
  std::uint64_t seed;
  ConstView step;  // i32, one element, in device memory
  View order;      // i32 [n]
  Cost cost() const { return {.bytes = bytes_of(order)}; }
};
// y[i] = x[order[i]]; or with `inverse` y[order[i]] = x[i], which undoes it.
struct ReorderRows {
  ConstView x;      // f32 or bf16 [n,...]
  ConstView order;  // i32 [n], a permutation; without `inverse` also a part of one, [m]
  bool inverse = false;
  View y;  // like x, with as many rows as order has
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(y)}; }
};

KERNEL(random_order, RandomOrder);
KERNEL(reorder_rows, ReorderRows);

}  // namespace kernels
