#pragma once
#include <cstdint>

#include "engine/ops/conv2d.h"
#include "engine/parameters.h"
#include "engine/scope.h"

namespace models {

/// A convolution without bias and with a square window; its parameter is NAME.weight [out,size,size,in].
struct Conv2d {
  struct Options {
    std::int64_t in = 0, out = 0, size = 3, stride = 1, pad = 0;
    engine::Initializer kernel{};
  };

  Conv2d(const engine::Scope& scope, const Options& options);

  /// x [N,H,W,in] -> [N,P,Q,out]
  engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode) const;

  engine::Parameter weight;
  engine::Conv2dOptions geometry;
};

}  // namespace models
