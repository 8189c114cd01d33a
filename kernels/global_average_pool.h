#pragma once
#include "kernels/kernel.h"

namespace kernels {

// y[n,c] = 1/(H W) sum_hw x[n,h,w,c], summed in f32
struct GlobalAveragePoolForward {
  ConstView x;  // [N,H,W,C] f32 or bf16
  View y;       // [N,C]
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(y), .operations = x.shape.elements()}; }
};
// dx[n,h,w,c] (+)= dy[n,c] / (H W)
struct GlobalAveragePoolBackward {
  ConstView dy;
  Destination dx;
  Cost cost() const { return {.bytes = bytes_of(dy) + bytes_of(dx), .operations = dx.view.shape.elements()}; }
};

KERNEL(global_average_pool_forward, GlobalAveragePoolForward);
KERNEL(global_average_pool_backward, GlobalAveragePoolBackward);

}  // namespace kernels
