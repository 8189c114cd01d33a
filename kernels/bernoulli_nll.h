#pragma once
#include "kernels/kernel.h"

namespace kernels {

// The negative log-likelihood of images whose planes are independent Bernoulli numbers, given their logits:
//   loss = (1/N) sum over all elements of BCE(l, t),  BCE(l, t) = max(l, 0) - l t + log(1 + exp(-|l|)),
// in nats per image: a sum over pixels and planes, a mean over the N images. Targets may be anything in [0,1]. No
// exponential overflows, and small terms keep their digits. Summed in double; without images the loss is 0.
struct BernoulliNllForward {
  ConstView logits, targets;  // [N,...], both f32 or both bf16
  View loss;                  // [] f32
  Cost cost() const {
    return {.bytes = bytes_of(logits) + bytes_of(targets), .operations = 8 * logits.shape.elements()};
  }
};
// dlogits (+)= dloss / N (sigma(l) - t),  sigma(l) = 1 / (1 + exp(-l))
struct BernoulliNllBackward {
  ConstView dloss;            // [] f32
  ConstView logits, targets;  // as in the forward pass
  Destination dlogits;        // may be the memory of the logits
  Cost cost() const {
    return {.bytes = bytes_of(logits) + bytes_of(targets) + bytes_of(dlogits),
            .operations = 6 * logits.shape.elements()};
  }
};

KERNEL(bernoulli_nll_forward, BernoulliNllForward);
KERNEL(bernoulli_nll_backward, BernoulliNllBackward);

}  // namespace kernels
