#pragma once
#include "engine/tensor.h"

namespace losses {

/// BYOL's loss (Grill et al. 2020, equation 2): (1/n) sum_i |p_i / |p_i| - t_i / |t_i||^2 in both directions, where
/// each view's predictions meet the other view's targets; from 0 to 8. predictions and targets: f32 [2n,d], the rows of
/// view 1 above those of view 2. Only the predictions get a gradient.
engine::Tensor byol(const engine::Tensor& predictions, const engine::Tensor& targets);

}  // namespace losses
