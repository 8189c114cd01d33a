#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "apps/config/training_plan.h"
#include "apps/train/train_step.h"
#include "data/source.h"

namespace apps {

/// What a step of so many images takes.
struct StepCost {
  std::int64_t images = 0;
  double ms = 0;
  std::size_t bytes = 0;  ///< of the device, beside what is kept between steps
};

/// Of the steps that were tried, in growing order, the one that estimates use beside the last: one of about a quarter
/// of the images, so that what other programs take from one of them matters little. The last itself if there is no
/// other.
const StepCost& smaller_step(std::span<const StepCost> tried);

/// What a step of `images` would take, on the line through these two steps: both time and memory grow linearly with the
/// batch. In proportion to the last if only one was tried, or if the line does not rise or begins below zero.
StepCost extended_to(std::span<const StepCost> tried, std::int64_t images);

/// What a whole run takes, estimated from a few steps. Memory is that of tensors; libraries may take some more.
struct RunCosts {
  std::vector<StepCost> tried;  ///< in growing order; the last may be the run's own batch
  StepCost step;                ///< of the run's batch
  double reading_ms = 0;        ///< of a training image, by all workers together
  double evaluating_ms = 0;     ///< of a test image, with its reading
  std::int64_t evaluations = 0, evaluated_images = 0;
  std::size_t kept_bytes = 0;       ///< of the device, at all times: parameters, gradients, optimizer, ...
  std::size_t ahead_bytes = 0;      ///< of the host, for batches that are read ahead
  std::size_t available_bytes = 0;  ///< of the device, for all of this
  bool on_host = true;              ///< the device's memory is the host's, and its processors read images, too

  std::size_t peak_bytes() const { return kept_bytes + step.bytes + (on_host ? ahead_bytes : 0); }
  bool fits() const { return peak_bytes() <= available_bytes; }
  /// A batch that would fit, no larger than the run's; 0 if there is none.
  std::int64_t fitting_images() const;
  /// With the reading of its images: a GPU computes meanwhile.
  double step_ms() const;
  double evaluation_seconds() const;
  double seconds(std::int64_t steps) const;
};

/// How often a run of this plan tests its probes, once every `every` epochs (0: never) and at the end.
std::int64_t count_evaluations(const TrainingPlan& plan, std::int64_t every);

/// What is measured.
struct MeasuredRun {
  Model& model;
  TrainStep& step;
  const Config& config;
  const TrainingPlan& plan;
  const data::Source& train;
  const data::Source& test;
};

/// Measures steps of growing batches, until one has the run's size, would not fit into memory, or would make all of
/// this longer than about `budget_seconds`; then an evaluation of a few images. The weights stay as they are, running
/// statistics and queues do not.
RunCosts measure_costs(const engine::Context& context, const MeasuredRun& run, double budget_seconds);

}  // namespace apps
