#pragma once
#include <cstdint>
#include <optional>

#include "engine/ops/linear.h"
#include "engine/parameters.h"
#include "engine/scope.h"

namespace models {

/// y = x weight^T + bias. Parameters: NAME.weight [out,in] and, with a bias, NAME.bias [out], which starts at zero.
struct Linear {
  struct Options {
    std::int64_t in = 0, out = 0;
    engine::Initializer kernel{};
    bool bias = false;
  };

  Linear(const engine::Scope& scope, const Options& options);

  /// x [N,in] -> [N,out]
  engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode, engine::LinearOptions options = {}) const;

  engine::Parameter weight;
  std::optional<engine::Parameter> bias;
};

}  // namespace models
