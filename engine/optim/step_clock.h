#pragma once
#include "engine/tensor.h"
#include "kernels/training.h"

namespace engine {

/// The progress of training, in device memory. A step that is launched as a CUDA graph runs no host code, so its
/// kernels read from here what changes between steps (the step number, the learning rate).
struct StepClock {
  Tensor status;          ///< i32 [2], kernels::Status: completed updates, and whether a non-finite number stopped them
  Tensor learning_rates;  ///< f32 [slots]: of update t at t % slots
};

}  // namespace engine
