#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/tensor.h"
#include "kernels/training.h"

namespace engine {

/// The scalars of one step as they come back from the device.
struct StepRecord {
  std::int64_t step = 0;  ///< from 1: the number of updates done after it
  std::array<float, kernels::kRecordScalars> scalars{};
  float learning_rate = 0;
};

/// What a training step keeps in device memory between steps: the step counter, the sticky non-finite flag, the table
/// of learning rates, and a ring of step records that the host reads late.
class TrainingStatus {
 public:
  /// `learning_rates` has an entry for every step of the run; `first_step` updates have been done before.
  TrainingStatus(const Context& context, const std::vector<float>& learning_rates, std::int64_t first_step);

  const Tensor& status() const { return status_; }                  ///< i32 [2], kernels::Status
  const Tensor& learning_rates() const { return learning_rates_; }  ///< f32 [steps]

  /// Ends a step on the device: records the scalars ([] f32 each) and counts the step.
  void finish_step(std::span<const Tensor> scalars);

  /// The records of the steps since the last call, oldest first; waits for the device. At most kSlots steps may pass
  /// between calls.
  std::vector<StepRecord> collect();
  /// As of the last `collect`.
  std::int64_t completed_steps() const { return completed_; }
  bool nonfinite() const { return nonfinite_; }

  static constexpr std::int64_t kSlots = 1024;

 private:
  Tensor status_, learning_rates_, ring_;
  std::int64_t issued_ = 0, collected_ = 0, completed_ = 0;
  bool nonfinite_ = false;
};

}  // namespace engine
