#pragma once
#include "engine/tensor.h"

namespace engine {

struct CrossEntropy {
  Tensor loss;      ///< f32 [], the mean over the rows
  Tensor accuracy;  ///< f32 [], the fraction of rows whose largest logit is at a largest target; no gradient
};

/// Softmax cross-entropy of logits [N,K] (f32 or bf16, N and K at least 1) with labels (i32 [N]) or with one
/// distribution per row (f32 [N,K]); these targets get no gradient. `label_smoothing` in [0,1) moves that fraction of
/// the targets to the uniform distribution (Szegedy et al. 2016, section 7).
///
/// A label outside [0,K) makes the loss NaN: labels are on the device, and checking them here would wait for it.
CrossEntropy softmax_cross_entropy(const Tensor& logits, const Tensor& targets, float label_smoothing = 0);

}  // namespace engine
