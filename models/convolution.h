#pragma once
#include "models/batch_norm.h"

namespace models {

/// A convolution without bias, and the batch norm behind it.
struct Convolution {
  engine::Parameter weight;  ///< [K,R,S,C]
  BatchNorm batch_norm;
  std::int64_t stride = 1, pad = 0;

  /// x [N,H,W,C] -> [N,P,Q,K]
  engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode,
                            const engine::BatchNormEpilogue& epilogue) const;
};

}  // namespace models
