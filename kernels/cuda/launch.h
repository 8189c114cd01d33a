#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/cuda/check.h"

/// How this project launches kernels: no <<<>>>, so that a .cu file is C++ too and tests/simt can run it on the CPU.
namespace kernels::cuda {

struct Launch {
  dim3 grid, block;
  cudaStream_t stream = nullptr;
  std::size_t shared_bytes = 0;
};

/// An empty grid is no work, where CUDA calls it an error: an empty batch needs no special case.
inline bool empty(const Launch& how) { return how.grid.x == 0 || how.grid.y == 0 || how.grid.z == 0; }

#if defined(SIMT_INTERPRETER)

template <class... Parameters, class... Arguments>
void launch(const Launch& how, void (*kernel)(Parameters...), Arguments&&... arguments) {
  if (empty(how)) return;
  simt::launch(kernel, how.grid, how.block, how.shared_bytes, std::forward<Arguments>(arguments)...);
}
template <class T>
T* dynamic_shared() {
  return static_cast<T*>(simt::dynamic_shared_memory());
}

#else

template <class... Parameters, class... Arguments>
void launch(const Launch& how, void (*kernel)(Parameters...), Arguments&&... arguments) {
  if (empty(how)) return;
  constexpr std::size_t kWithoutAsking = 48 * 1024;
  if (how.shared_bytes > kWithoutAsking) {
    CUDA_CHECK(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(how.shared_bytes)));
  }
  cudaLaunchConfig_t configuration{};
  configuration.gridDim = how.grid;
  configuration.blockDim = how.block;
  configuration.dynamicSmemBytes = how.shared_bytes;
  configuration.stream = how.stream;
  CUDA_CHECK(cudaLaunchKernelEx(&configuration, kernel, std::forward<Arguments>(arguments)...));
}
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
  extern __shared__ __align__(128) unsigned char dynamic_shared_bytes[];
  return reinterpret_cast<T*>(dynamic_shared_bytes);
}

#endif

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace kernels::cuda
