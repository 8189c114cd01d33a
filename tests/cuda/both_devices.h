#pragma once
#include <memory>

#include "kernels/context.h"
#include "kernels/cuda/backend.h"
#include "tests/numeric.h"

namespace tests {

inline engine::Context cuda_context(kernels::cuda::Arithmetic arithmetic = {}) {
  return {std::make_unique<kernels::cuda::CudaBackend>(0, arithmetic), 1};
}

/// The same tensor on another device, converted to `dtype`.
inline engine::Tensor moved(const engine::Tensor& x, const engine::Context& to, engine::Dtype dtype) {
  const std::vector<float> values = to_floats(x);
  if (dtype == engine::Dtype::f32) return engine::Tensor::from(to, x.shape(), values);
  return engine::Tensor::from(to, x.shape(), std::vector<engine::bf16>(values.begin(), values.end()));
}

}  // namespace tests
