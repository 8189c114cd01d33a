#pragma once
#include "kernels/kernel.h"

namespace kernels {

// p_i = softmax(logits_i);  t_ij = (1 - smoothing) target_ij + smoothing / K   (Szegedy et al. 2016, section 7)
// loss     = -(1/N) sum_ij t_ij log p_ij
// accuracy =  (1/N) sum_i [target_ij is the largest of its row at j = argmax_j logits_ij], where the lowest j wins a
// tie
//             of logits; a row that contains NaN or +infinity, or only -infinity, counts as wrong
// The row's maximum is subtracted from its logits, so that logits of any size neither overflow nor cancel. Its own
// exponential, 1, stays out of the sum: when a row is sure of its target, loss and gradient come from the sum over the
// other classes alone, so that even a 1 - p too small to add to 1 in f32 keeps its digits. A label outside [0,K) makes
// the loss and the row's gradient NaN, so that the host need not wait for the device to check labels.
struct SoftmaxCrossEntropyForward {
  ConstView logits;   // [N,K] f32 or bf16
  ConstView targets;  // i32 [N], labels; or f32 [N,K], a distribution per row
  float smoothing = 0;
  View softmax_terms;  // f32 [N,2]: max_j logits_ij, and sum exp(logits_ij - max) over the others, for the gradient
  View loss;           // [] f32
  View accuracy;       // [] f32
  Cost cost() const {
    return {.bytes = bytes_of(logits) + bytes_of(targets) + bytes_of(softmax_terms),
            .operations = 5 * logits.shape.elements()};
  }
};
// dlogits_ij (+)= dloss / N * (p_ij sum_k t_ik - t_ij). Recomputes p from the logits and two numbers per row: storing p
// would add N*K writes to the forward pass and save no reads here. dlogits may be the memory of the logits themselves.
struct SoftmaxCrossEntropyBackward {
  ConstView dloss;  // [] f32
  ConstView logits, targets;
  float smoothing = 0;
  ConstView softmax_terms;
  Destination dlogits;
  Cost cost() const {
    return {.bytes = bytes_of(logits) + bytes_of(targets) + bytes_of(softmax_terms) + bytes_of(dlogits),
            .operations = 5 * logits.shape.elements()};
  }
};

KERNEL(softmax_cross_entropy_forward, SoftmaxCrossEntropyForward);
KERNEL(softmax_cross_entropy_backward, SoftmaxCrossEntropyBackward);

}  // namespace kernels
