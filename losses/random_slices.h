#pragma once
#include <functional>

#include "engine/ops/ranks.h"
#include "engine/tensor.h"
#include "losses/step_draw.h"

namespace losses {

/// Slices: projections of all rows on one random direction each. They are computed some at a time, so that memory is
/// bounded, and a loss replaces them by its gradient in place. Of several ranks, each computes a share of the slices of
/// the rows of all.
class RandomSlices {
 public:
  /// `count` directions of the step, for rows f32 [N,d] of all ranks. Throws if there is none for each rank.
  RandomSlices(const char* loss, const engine::Tensor& rows, std::int64_t count, const StepDraw& draw);

  /// This rank's slices.
  std::int64_t count() const { return share_.count; }
  /// How many are computed at a time, and how many times.
  std::int64_t at_once() const { return at_once_; }
  std::int64_t parts() const;

  /// What to do with slices f32 [k,N], the first of which has this number among this rank's: the gradient by them takes
  /// their place if one is wanted.
  using Body = std::function<void(const engine::Tensor& slices, std::int64_t first)>;
  /// Calls body for this rank's slices in order. Returns their gradient by the rows, f32 [N,d]; an undefined tensor
  /// unless wanted.
  engine::Tensor for_each(bool wants_gradient, const Body& body) const;

 private:
  engine::Tensor rows_;
  engine::Share share_;
  std::int64_t at_once_;
  StepDraw draw_;
};

/// Throws if `count` slices are not at least one for each rank.
void expect_slices(const char* loss, std::int64_t count, int ranks);

}  // namespace losses
