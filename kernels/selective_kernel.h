#pragma once
#include "kernels/kernel.h"

namespace kernels {

// Selective kernels (Li et al. 2019), in the form of SimCLR v2 (Chen et al. 2020): the channels of x [N,H,W,2C] are two
// streams of C channels. A small network sees the mean of their sum and weighs them for every channel.

// y[n,c] = 1/(H W) sum_hw (x[n,h,w,c] + x[n,h,w,C+c]), summed in f32
struct StreamPoolForward {
  ConstView x;  // [N,H,W,2C] f32 or bf16
  View y;       // [N,C], like x
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(y), .operations = x.shape.elements()}; }
};
// dx[n,h,w,c] and dx[n,h,w,C+c] (+)= dy[n,c] / (H W)
struct StreamPoolBackward {
  ConstView dy;
  Destination dx;
  Cost cost() const { return {.bytes = bytes_of(dy) + bytes_of(dx), .operations = dx.view.shape.elements()}; }
};

// y[n,h,w,c] = a x[n,h,w,c] + (1 - a) x[n,h,w,C+c]; a = exp(l_c) / (exp(l_c) + exp(l_{C+c})) of the image's logits l:
// softmax over the two streams
struct StreamMergeForward {
  ConstView x;       // [N,H,W,2C] f32 or bf16
  ConstView logits;  // f32 [N,2C]
  View y;            // [N,H,W,C], like x
  Cost cost() const {
    return {.bytes = bytes_of(x) + bytes_of(logits) + bytes_of(y), .operations = 3 * y.shape.elements()};
  }
};
// dx[n,h,w,c] (+)= a dy; dx[n,h,w,C+c] (+)= (1 - a) dy
// dlogits[n,c] (+)= a (1 - a) sum_hw dy (x[n,h,w,c] - x[n,h,w,C+c]); dlogits[n,C+c] (+)= minus that. One pass over dy.
struct StreamMergeBackward {
  ConstView x, logits, dy;
  Destination dx, dlogits;
  Cost cost() const {
    return {.bytes = bytes_of(x) + bytes_of(logits) + bytes_of(dy) + bytes_of(dx) + bytes_of(dlogits),
            .operations = 5 * dy.shape.elements()};
  }
};

KERNEL(stream_pool_forward, StreamPoolForward);
KERNEL(stream_pool_backward, StreamPoolBackward);
KERNEL(stream_merge_forward, StreamMergeForward);
KERNEL(stream_merge_backward, StreamMergeBackward);

}  // namespace kernels
