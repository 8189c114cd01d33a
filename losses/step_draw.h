#pragma once
#include <cstdint>

#include "kernels/runtime/views.h"

namespace losses {

/// What a loss draws in a training step: a pure function of the seed and the step, so that a resumed run repeats it.
struct StepDraw {
  std::uint64_t seed = 0;
  engine::ConstView step;  ///< i32, one element, in device memory: completed updates
};

}  // namespace losses
