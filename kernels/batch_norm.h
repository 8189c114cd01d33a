#pragma once
#include "kernels/kernel.h"

namespace kernels {

// Ioffe & Szegedy 2015, over all rows of x as a matrix [rows, C] (NHWC images: every pixel is a row). Forward: moments,
// finish, apply. Backward: sums, apply. The results of moments and sums are small and per channel, so that ranks can
// merge them between two kernels. Per-channel tensors are f32 [C], moments f64.

// For each channel moments[0] = rows, moments[1] = mean of x, moments[2] = sum (x - mean)^2. They can be merged with
// the moments of other rows without cancellation (Chan, Golub & LeVeque 1979). Without rows they are 0.
struct BatchNormMoments {
  ConstView x;
  View moments;  // f64 [3,C]
  Cost cost() const { return {.bytes = bytes_of(x) + bytes_of(moments), .operations = 3 * x.shape.elements()}; }
};
// The moments of all parts' rows together, from those of each part, such as the ranks' (Chan, Golub & LeVeque 1979).
// They are merged in the order of the parts; parts without rows change nothing.
struct BatchNormMerge {
  ConstView parts;  // f64 [parts,3,C]
  View moments;     // f64 [3,C]
  Cost cost() const { return {.bytes = bytes_of(parts) + bytes_of(moments), .operations = 4 * parts.shape.elements()}; }
};
// mean and inv_std = 1/sqrt(variance + epsilon) from the moments (biased variance), and the running averages: running =
// momentum * running + (1 - momentum) * batch, with the variance times rows/(rows-1) if `unbiased`. With 0 rows the
// averages and their count do not change.
struct BatchNormFinish {
  ConstView moments;  // f64 [3,C]
  View mean, inv_std;
  View running_mean, running_variance;
  View batches;  // [] i64: counts the updates
  float epsilon, momentum;
  bool unbiased;
  Cost cost() const {
    return {.bytes = bytes_of(moments) + bytes_of(mean) + bytes_of(inv_std) + 2 * bytes_of(running_mean) +
                     2 * bytes_of(running_variance),
            .operations = 10 * mean.shape.elements()};
  }
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
  ConstView residual;  // like x, or absent
  ConstView mean, inv_std, gamma;
  ConstView beta;  // [C] or absent
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
  ConstView y;  // the output, required for a ReLU after a residual; otherwise the sign of z is recomputed from x
  ConstView mean, inv_std, gamma, beta;
  View sums;
  Destination dgamma, dbeta;
  bool relu;
  Cost cost() const {
    return {.bytes = bytes_of(x) + bytes_of(dy) + bytes_of(y), .operations = 4 * x.shape.elements()};
  }
};
// dx (+)= gamma inv_std (dz - sum(dz)/rows - x^ sum(dz x^)/rows), with the moments' number of rows; with running
// averages as mean and inv_std (inference) only the first term. dresidual (+)= dz.
struct BatchNormBackwardApply {
  ConstView x, dy, y;
  ConstView mean, inv_std, gamma, beta;
  ConstView sums, rows;       // rows: f64, moments[0]; both absent with running averages
  Destination dx, dresidual;  // either may be absent
  bool relu;
  Cost cost() const {
    return {.bytes = bytes_of(x) + bytes_of(dy) + bytes_of(y) + bytes_of(dx) + bytes_of(dresidual),
            .operations = 6 * x.shape.elements()};
  }
};

/// Of one channel.
struct ChannelMoments {
  double rows, mean, squares;

  HOST_DEVICE ChannelMoments with(const ChannelMoments& other) const {
    if (other.rows == 0) return *this;
    const double all = rows + other.rows, delta = other.mean - mean;
    return {all, mean + delta * (other.rows / all),
            squares + other.squares + delta * delta * (rows * other.rows / all)};
  }
};

KERNEL(batch_norm_moments, BatchNormMoments);
KERNEL(batch_norm_merge, BatchNormMerge);
KERNEL(batch_norm_finish, BatchNormFinish);
KERNEL(batch_norm_running, BatchNormRunning);
KERNEL(batch_norm_apply, BatchNormApply);
KERNEL(batch_norm_backward_sums, BatchNormBackwardSums);
KERNEL(batch_norm_backward_apply, BatchNormBackwardApply);

}  // namespace kernels
