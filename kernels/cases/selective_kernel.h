#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/selective_kernel.h"

namespace kernels {

struct StreamExample {
  std::int64_t n, h, w, c;  // c: of one stream
  Dtype dtype = Dtype::f32;
  bool skewed = false;
  bool wants_dx = true, wants_dlogits = true;  // of merging

  Shape streams() const { return {n, h, w, 2 * c}; }
  Shape merged() const { return {n, h, w, c}; }
  Shape pooled() const { return {n, c}; }
  Shape logits() const { return {n, 2 * c}; }
  std::int64_t pixels() const { return h * w; }
};

KernelCase<StreamPoolForward> stream_pool_forward_case(const StreamExample& example, std::vector<double> x);
/// Adds where dx has contents. With contents of x, dx is also compared with central differences.
KernelCase<StreamPoolBackward> stream_pool_backward_case(const StreamExample& example, std::vector<double> dy,
                                                         std::vector<double> dx = {}, std::vector<double> x = {});

KernelCase<StreamMergeForward> stream_merge_forward_case(const StreamExample& example, std::vector<double> x,
                                                         std::vector<double> logits);

struct StreamMergeContents {
  std::vector<double> x, logits, dy;
  std::vector<double> dx = {}, dlogits = {};  // both added to if they have contents
  bool has_gradient = false;                  // whether central differences of the contents are exact enough
};
KernelCase<StreamMergeBackward> stream_merge_backward_case(const StreamExample& example,
                                                           const StreamMergeContents& contents);

}  // namespace kernels
