#pragma once
#include "kernels/kernel.h"

namespace kernels {

// One training step's bookkeeping, all in device memory, so that the step never waits for the host.

/// status, i32 [2]: the number of completed updates, and whether a non-finite loss or gradient has stopped them for
/// good.
enum Status : int { kStatusStep = 0, kStatusNonfinite = 1, kStatusSize = 2 };
inline constexpr std::int32_t kNonfiniteNow = 1, kNonfiniteBefore = 2;  ///< in this step, or in an earlier one

/// The most scalars that a step record holds: their addresses go to the kernel by value.
inline constexpr int kMostRecordScalars = 32;

// ring[status[kStatusStep] % slots] = the scalars, as many as a row has room for, then the learning rate, which is
// learning_rates[step % their number]; then the step is counted. A non-finite step leaves its record but is not
// counted, and the steps after it leave nothing.
struct FinishStep {
  ConstView scalars[kMostRecordScalars];  // [] f32 each
  ConstView learning_rates;
  View ring;  // [slots, scalars + 1] f32
  View status;
};

KERNEL(finish_step, FinishStep);

}  // namespace kernels
