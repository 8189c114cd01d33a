#pragma once
#include "engine/tensor.h"

namespace engine {

// The two operations on the streams of a selective kernel (kernels/selective_kernel.h): the channels of x [N,H,W,2C]
// (f32 or bf16, H and W at least 1) are two streams of C channels.

/// The mean over each image of the sum of the streams: [N,C].
Tensor pool_streams(const Tensor& x);

/// The sum of the streams, weighted for every image and channel by the softmax over the two logits: logits f32 [N,2C];
/// y [N,H,W,C].
Tensor merge_streams(const Tensor& x, const Tensor& logits);

}  // namespace engine
