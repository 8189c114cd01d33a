#pragma once
#include "engine/tensor.h"

namespace losses {

/// factor * sum_k |z_k - z_(n+k)|^2: the attraction of two views in every loss of the form alignment + lambda *
/// distribution (Chen et al. 2021, Table 1). z: f32 or bf16 [2n,d], the n rows of view 1 above those of view 2. Returns
/// an f32 scalar, differentiable. Throws for another shape or dtype.
engine::Tensor alignment(const engine::Tensor& z, float factor);

}  // namespace losses
