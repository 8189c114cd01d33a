#pragma once
#include <optional>

#include "engine/ops/batch_norm.h"
#include "engine/parameters.h"
#include "engine/scope.h"

namespace models {

/// Batch normalisation with parameters and running statistics that have torchvision's names: NAME.weight, NAME.bias,
/// NAME.running_mean, NAME.running_var, NAME.num_batches_tracked.
class BatchNorm {
 public:
  struct Options {
    engine::BatchNormOptions numeric{};
    bool beta = true;         ///< whether there is a beta parameter
    float gamma_initial = 1;  ///< 0 at the end of residual branches
  };

  BatchNorm(const engine::Scope& scope, std::int64_t channels, const Options& options);

  engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode,
                            const engine::BatchNormEpilogue& epilogue = {}) const;

 private:
  engine::BatchNormOptions numeric_;
  engine::Parameter gamma_;
  std::optional<engine::Parameter> beta_;
  engine::State mean_, variance_, batches_;
};

}  // namespace models
