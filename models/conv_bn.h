#pragma once
#include "models/batch_norm.h"
#include "models/conv2d.h"

namespace models {

/// A convolution followed by a batch norm.
struct ConvBn {
  Conv2d convolution;
  BatchNorm batch_norm;

  /// x [N,H,W,in] -> [N,P,Q,out]
  engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode,
                            const engine::BatchNormEpilogue& epilogue = {}) const;
};

}  // namespace models
