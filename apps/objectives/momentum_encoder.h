#pragma once
#include <cstdint>

#include "apps/objectives/network.h"
#include "apps/objectives/objective.h"
#include "engine/parameters.h"
#include "kernels/moving_average.h"

namespace apps {

/// A network whose parameters follow those of a trained network as their exponential moving average (He et al. 2020).
/// It is not trained: its forward passes record no graph. Its batch statistics are those of its own batches.
class MomentumEncoder {
 public:
  MomentumEncoder(const Config& config, const data::Source& source, const kernels::MomentumSchedule& momentum);

  /// Starts as a copy of the trained network, whose groups must be the first of its set.
  void initialize(const engine::ParameterSet& trained);
  /// images [N,H,W,C] -> projections f32 [N,d], computed in `passes` forward passes over equal parts.
  engine::Tensor project(const engine::Tensor& images, std::int64_t passes) const;
  /// Issues the update of the average; it does nothing once a number was not finite.
  void follow(const engine::StepClock& clock) const;

  /// "momentum.encoder.conv1.weight", ...
  const engine::ParameterSet& parameters() const { return parameters_; }

 private:
  engine::ParameterSet parameters_;
  Network network_;
  kernels::MomentumSchedule momentum_;
  engine::Tensor trained_;  // the flat values that it follows
};

}  // namespace apps
