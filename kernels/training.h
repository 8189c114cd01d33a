#pragma once
#include "kernels/kernel.h"

namespace kernels {

// The state of the training steps in device memory, so that a step never waits for the host.

/// status, i32 [2]: the number of completed updates, and whether a non-finite loss or gradient has stopped all updates.
enum Status : int { kStatusStep = 0, kStatusNonfinite = 1, kStatusSize = 2 };
inline constexpr std::int32_t kNonfiniteNow = 1, kNonfiniteBefore = 2;  ///< in this step, or in an earlier one

/// The maximum number of scalars in a step record: their addresses are passed to the kernel by value.
inline constexpr int kMostRecordScalars = 32;

// ring[status[kStatusStep] % slots] = the scalars (one per column but the last), then the learning rate, entry step %
// rates of learning_rates; then the step is counted. A non-finite step writes its record but is not counted; the steps
// after it write nothing.
struct FinishStep {
  ConstView scalars[kMostRecordScalars];  // [] f32 each
  ConstView learning_rates;
  View ring;  // [slots, scalars + 1] f32
  View status;
};

KERNEL(finish_step, FinishStep);

}  // namespace kernels
