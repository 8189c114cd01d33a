#pragma once
#include "engine/parameters.h"
#include "engine/tensor.h"

namespace engine {

struct BatchNormOptions {
  float epsilon = 1e-5f;
  float momentum = 0.9f;           ///< running = momentum * running + (1 - momentum) * batch (PyTorch's is 1 - this)
  bool unbiased_variance = false;  ///< running variance: the batch's times n / (n - 1)
  bool over_ranks = true;          ///< whether the batch is that of all ranks, or each rank's part alone
  bool operator==(const BatchNormOptions&) const = default;
};

/// Running averages of one layer: mean and variance f32 [C], number of updates i64 [].
struct RunningStatistics {
  Tensor mean, variance, batches;
};

/// Operations after the normalisation in the same pass.
struct BatchNormEpilogue {
  Tensor residual{};  ///< added before the ReLU; same shape and dtype as x, or undefined
  bool relu = false;
};

/// y = relu(gamma (x - mean) / sqrt(variance + epsilon) + beta + residual), per channel of the last dimension (Ioffe &
/// Szegedy 2015). x [..., C] f32 or bf16; gamma f32 [C]; beta f32 [C] or undefined. Training uses mean and (biased)
/// variance of the batch, by default over all ranks, and updates the running statistics; evaluation uses the running
/// statistics. Gradients of gamma and beta are of this rank's rows.
Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, const RunningStatistics& running, Mode mode,
                  const BatchNormOptions& options, const BatchNormEpilogue& epilogue = {});

}  // namespace engine
