#pragma once
#include <cstdint>
#include <optional>

#include "engine/ops/conv2d_transpose.h"
#include "engine/parameters.h"
#include "engine/scope.h"

namespace models {

/// A transposed convolution with a square window. Parameters: NAME.weight [in,size,size,out] and, with a bias,
/// NAME.bias [out], which starts at zero.
struct Conv2dTranspose {
  struct Options {
    std::int64_t in = 0, out = 0, size = 3;
    engine::Conv2dTransposeOptions geometry{};
    engine::Initializer kernel{};
    bool bias = false;
  };

  Conv2dTranspose(const engine::Scope& scope, const Options& options);

  /// x [N,P,Q,in] -> [N,H,W,out]
  engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode) const;

  engine::Parameter weight;
  std::optional<engine::Parameter> bias;
  engine::Conv2dTransposeOptions geometry;
};

}  // namespace models
