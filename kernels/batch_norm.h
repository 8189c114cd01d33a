#pragma once
#include "kernels/kernel.h"

namespace kernels {

// Ioffe & Szegedy 2015, over all rows of x seen as a matrix [rows, C] (NHWC images: every pixel is a row). Statistics
// and application are separate kernels, so that ranks can reduce in between. Per-channel tensors are f32 [C].

// mean, inv_std = 1/sqrt(variance + epsilon) of the batch (biased variance), and the running averages:
// running = momentum * running + (1 - momentum) * batch, with the variance times rows/(rows-1) when `unbiased`.
struct BatchNormStatistics {
  ConstView x;
  View mean, inv_std;
  View running_mean, running_variance;
  View batches;  // [] i64: counts the updates
  float epsilon, momentum;
  bool unbiased;
  Cost cost() const { return {.bytes = bytes_of(x), .operations = 3 * x.shape.elements()}; }
};
// mean and inv_std from the running averages, for inference.
struct BatchNormRunning {
  ConstView running_mean, running_variance;
  View mean, inv_std;
  float epsilon;
};
// y = relu(gamma (x - mean) inv_std + beta + residual); beta and residual may be absent, the ReLU is optional.
struct BatchNormApply {
  ConstView x;
  ConstView residual;  // like x, or none
  ConstView mean, inv_std, gamma;
  ConstView beta;  // [C] or none
  View y;
  bool relu;
  Cost cost() const {
    return {.bytes = bytes_of(x) + bytes_of(residual) + bytes_of(y), .operations = 3 * x.shape.elements()};
  }
};
// With z the value before the ReLU, dz = dy where z > 0 (all of dy without ReLU), x^ = (x - mean) inv_std:
// sums = {sum dz x^, sum dz} [2,C]; dgamma (+)= the first, dbeta (+)= the second, where wanted.
struct BatchNormBackwardSums {
  ConstView x, dy;
  ConstView y;  // the output, needed with a ReLU after a residual; else the sign of z is recomputed from x
  ConstView mean, inv_std, gamma, beta;
  View sums;
  Destination dgamma, dbeta;
  bool relu;
  Cost cost() const {
    return {.bytes = bytes_of(x) + bytes_of(dy) + bytes_of(y), .operations = 4 * x.shape.elements()};
  }
};
// dx (+)= gamma inv_std (dz - sum(dz)/rows - x^ sum(dz x^)/rows); without batch statistics (inference) only the first
// term. dresidual (+)= dz.
struct BatchNormBackwardApply {
  ConstView x, dy, y;
  ConstView mean, inv_std, gamma, beta, sums;
  Destination dx, dresidual;  // either may be unwanted
  bool relu, batch_statistics;
  Cost cost() const {
    return {.bytes = bytes_of(x) + bytes_of(dy) + bytes_of(y) + bytes_of(dx) + bytes_of(dresidual),
            .operations = 6 * x.shape.elements()};
  }
};

KERNEL(batch_norm_statistics, BatchNormStatistics);
KERNEL(batch_norm_running, BatchNormRunning);
KERNEL(batch_norm_apply, BatchNormApply);
KERNEL(batch_norm_backward_sums, BatchNormBackwardSums);
KERNEL(batch_norm_backward_apply, BatchNormBackwardApply);

}  // namespace kernels
