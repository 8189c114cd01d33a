#pragma once
#include <functional>

#include "engine/tensor.h"
#include "losses/step_draw.h"

namespace losses {

/// Slices: projections of all rows on one random direction each. They are computed some at a time, so that memory is
/// bounded, and a loss replaces them by its gradient in place.
class RandomSlices {
 public:
  /// `count` directions of the step, for rows f32 [N,d]. Throws for a count below 1.
  RandomSlices(const char* loss, const engine::Tensor& rows, std::int64_t count, const StepDraw& draw);

  /// How many are computed at a time, and how many times.
  std::int64_t at_once() const { return at_once_; }
  std::int64_t parts() const;

  /// What to do with slices f32 [k,N], the first of which has this number: the gradient by them takes their place if
  /// one is wanted.
  using Body = std::function<void(const engine::Tensor& slices, std::int64_t first)>;
  /// Calls body for all slices in order. Returns the gradient by the rows, f32 [N,d]; an undefined tensor unless
  /// wanted.
  engine::Tensor for_each(bool wants_gradient, const Body& body) const;

 private:
  engine::Tensor rows_;
  std::int64_t count_, at_once_;
  StepDraw draw_;
};

}  // namespace losses
