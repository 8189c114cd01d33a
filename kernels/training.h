#pragma once
#include "kernels/kernel.h"

namespace kernels {

// One training step's bookkeeping, all in device memory, so that the step never waits for the host. Flat buffers are
// f32 with slices aligned to kSegmentBlock elements; `blocks` [elements / kSegmentBlock] i32 gives each block's segment
// (parameter), and per-segment settings are f32 [segments].

inline constexpr std::int64_t kSegmentBlock = 32;

/// status, i32 [2]: the number of completed updates, and whether a non-finite loss or gradient has stopped them for
/// good.
enum Status : int { kStatusStep = 0, kStatusNonfinite = 1, kStatusSize = 2 };
inline constexpr std::int32_t kNonfiniteNow = 1, kNonfiniteBefore = 2;  ///< in this step, or in an earlier one

// norms[0] = the 2-norm of the whole gradient g + 2 l2 w; norms[1] = sum over parameters of l2 |w|^2, the penalty of
// the notebook's loss. Sets status[kStatusNonfinite] if the norm or the loss is not finite.
struct GradientNorm {
  ConstView gradient, value;  // flat
  ConstView blocks, l2;
  ConstView loss;  // [] f32
  View norms;      // [2] f32
  View status;
  Cost cost() const { return {.bytes = 2 * bytes_of(value), .operations = 6 * value.shape.elements()}; }
};

// Adam (Kingma & Ba 2015) in Keras form, epsilon outside the bias correction: with g = gradient + 2 l2 w and t the
// number of this update from 1, m = beta1 m + (1-beta1) g; v = beta2 v + (1-beta2) g^2; w -= lr
// sqrt(1-beta2^t)/(1-beta1^t) m / (sqrt(v) + epsilon). Nothing happens once the status is non-finite.
struct Adam {
  View value, first_moment, second_moment;  // flat
  ConstView gradient, blocks, l2;
  ConstView learning_rates;  // [steps] f32, read at status[kStatusStep]
  ConstView status;
  float beta1, beta2, epsilon;
  Cost cost() const { return {.bytes = 7 * bytes_of(gradient), .operations = 12 * gradient.shape.elements()}; }
};

/// The scalars of a step record, in the order of apps' metrics; absent views leave 0.
inline constexpr int kRecordScalars = 8;

// ring[status[kStatusStep] % slots] = the scalars, then the learning rate; then the step is counted. A non-finite step
// leaves its record but is not counted, and the steps after it leave nothing.
struct FinishStep {
  ConstView scalars[kRecordScalars];  // [] f32 each
  ConstView learning_rates;
  View ring;  // [slots, kRecordScalars + 1] f32
  View status;
};

KERNEL(gradient_norm, GradientNorm);
KERNEL(adam, Adam);
KERNEL(finish_step, FinishStep);

}  // namespace kernels
