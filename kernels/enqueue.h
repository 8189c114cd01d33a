#pragma once
#include "kernels/kernel.h"

namespace kernels {

// A first-in-first-out queue of rows, K a multiple of n: queue[step mod (K / n) * n + i] = rows[i], with the step in
// status[kStatusStep]. So the newest rows replace the oldest ones, and the place needs no counter of its own. Does
// nothing once status[kStatusNonfinite] is set.
struct Enqueue {
  ConstView rows;    // f32 [n,d]
  View queue;        // f32 [K,d]
  ConstView status;  // i32 [kStatusSize]
  Cost cost() const { return {.bytes = 2 * bytes_of(rows)}; }

  HOST_DEVICE std::int64_t first_row(std::int32_t step) const {
    const std::int64_t n = rows.shape[0];
    return step % (queue.shape[0] / n) * n;
  }
};

KERNEL(enqueue, Enqueue);

}  // namespace kernels
