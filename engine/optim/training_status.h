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

/// The scalars of one step, read back from the device.
struct StepRecord {
  std::int64_t step = 0;       ///< counted from 1: the number of updates done after it
  std::vector<float> scalars;  ///< in the order given to finish_step
  float learning_rate = 0;
};

/// The state of training in device memory: the step counter, the sticky non-finite flag, a ring of the next learning
/// rates, and a ring of step records that the host reads later. They take 140 KiB, however long the run is.
class TrainingStatus {
 public:
  /// The learning rate of update t, counted from 0. Called ahead of the steps, so also for steps after the last one.
  using RateOf = std::function<double(std::int64_t t)>;

  /// `first_step`: number of updates done before.
  TrainingStatus(const Context& context, RateOf rate_of, std::int64_t first_step);

  /// The part that the kernels of a step read.
  const StepClock& clock() const { return clock_; }

  /// Call before each step, and not within a captured one: sends the device the learning rates that it lacks.
  void prepare_step();

  /// Ends a step on the device: records the scalars (f32 [] each, at most kernels::kMostRecordScalars, the same number
  /// in every step) and counts the step.
  void finish_step(std::span<const Tensor> scalars);
  /// The host's part of `finish_step`, for a step that was launched as a graph.
  void count_step();

  /// Requests the records of the steps since the last request, without waiting. At most kSlots steps may pass between
  /// requests.
  void request();
  /// The records of the oldest open request, oldest step first; nothing if there is none or it has not arrived.
  std::optional<std::vector<StepRecord>> arrived();
  /// The same, but waits for the device.
  std::optional<std::vector<StepRecord>> awaited();
  /// The records of all steps not yet handed out; waits for the device.
  std::vector<StepRecord> collect();
  /// According to the records that were returned last.
  std::int64_t completed_steps() const { return completed_; }
  bool nonfinite() const { return nonfinite_; }

  static constexpr std::int64_t kSlots = 1024;

 private:
  struct Request {
    std::int64_t first, end;  // of the steps, counted from 0
    std::unique_ptr<Readback> status, ring;
  };

  void send_rates();
  std::int64_t columns() const { return scalars_.value_or(0) + 1; }  ///< of the ring; the last is the learning rate
  Tensor ring() const;

  RateOf rate_of_;
  StepClock clock_;
  Tensor records_;                       // memory for the largest ring
  std::optional<std::int64_t> scalars_;  // number per record, known after the first step
  std::deque<Request> requests_;
  std::int64_t issued_ = 0, requested_ = 0, completed_ = 0;
  std::int64_t rated_;  // the device has the rates of all updates before this one
  bool nonfinite_ = false;
};

}  // namespace engine
