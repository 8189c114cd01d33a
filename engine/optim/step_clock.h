#pragma once
#include "engine/tensor.h"
#include "kernels/training.h"

namespace engine {

/// Where the training is, in device memory. A step that is replayed from a CUDA graph runs no host code, so what
/// changes from step to step (the count, the rate) its kernels read from here.
struct StepClock {
  Tensor status;          ///< i32 [2], kernels::Status: completed updates, and whether a non-finite number stopped them
  Tensor learning_rates;  ///< f32 [slots]: of update t at t % slots
};

}  // namespace engine
