#pragma once
#include <cuda_runtime.h>

#include <cmath>

namespace kernels::cuda {

/// 2^x within 2 units in the last place, by the one hardware instruction; 0 for results below the smallest normal
/// number. exp2f needs four instructions: it also scales, to support subnormal results.
__device__ __forceinline__ float fast_exp2(float x) {
#if defined(__CUDA_ARCH__)
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return std::exp2(x);
#endif
}

}  // namespace kernels::cuda
