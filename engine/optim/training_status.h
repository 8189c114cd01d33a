#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/optim/step_clock.h"

namespace engine {

/// The scalars of one step as they come back from the device.
struct StepRecord {
  std::int64_t step = 0;       ///< from 1: the number of updates done after it
  std::vector<float> scalars;  ///< as finish_step was given them
  float learning_rate = 0;
};

/// What a training step keeps in device memory between steps: the step counter, the sticky non-finite flag, a ring of
/// the learning rates of the next steps, and a ring of step records that the host reads late. However long the run is,
/// they take 140 KiB.
class TrainingStatus {
 public:
  /// The rate of update t, from 0. Asked ahead of the steps, and so past the last one.
  using RateOf = std::function<double(std::int64_t t)>;

  /// `first_step` updates have been done before.
  TrainingStatus(const Context& context, RateOf rate_of, std::int64_t first_step);

  /// What the kernels of a step read of it.
  const StepClock& clock() const { return clock_; }

  /// Call before each step, and not within a captured one: sends the device the learning rates that it lacks.
  void prepare_step();

  /// Ends a step on the device: records the scalars ([] f32 each, at most kernels::kMostRecordScalars and the same
  /// number in every step) and counts the step.
  void finish_step(std::span<const Tensor> scalars);
  /// The host's part of `finish_step`, for a step that was launched as a graph.
  void count_step();

  /// Asks for the records of the steps since the last request, without waiting. At most kSlots steps may pass between
  /// requests.
  void request();
  /// What the oldest open request asked for, oldest step first; nothing when there is none, or it has not arrived.
  std::optional<std::vector<StepRecord>> arrived();
  /// The same, but waits for the device.
  std::optional<std::vector<StepRecord>> awaited();
  /// The records of all steps not yet handed out; waits for the device.
  std::vector<StepRecord> collect();
  /// As of what was handed out last.
  std::int64_t completed_steps() const { return completed_; }
  bool nonfinite() const { return nonfinite_; }

  static constexpr std::int64_t kSlots = 1024;

 private:
  struct Request {
    std::int64_t first, end;  // of the steps, from 0
    std::unique_ptr<Readback> status, ring;
  };

  void send_rates();
  std::int64_t columns() const { return scalars_.value_or(0) + 1; }  ///< of the ring: the rate is the last
  Tensor ring() const;

  RateOf rate_of_;
  StepClock clock_;
  Tensor records_;                       // memory for the ring of the most scalars
  std::optional<std::int64_t> scalars_;  // of a record, since the first step
  std::deque<Request> requests_;
  std::int64_t issued_ = 0, requested_ = 0, completed_ = 0;
  std::int64_t rated_;  // the device has the rates of the updates before this one
  bool nonfinite_ = false;
};

}  // namespace engine
