#pragma once
#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/cuda/check.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/runtime/host_device.h"
#include "kernels/runtime/rounding.h"

/// Kernel launches without <<<>>>, so that a .cu file is also valid C++, which tests/simt runs on the CPU.
namespace kernels::cuda {

struct Launch {
  dim3 grid, block;
  cudaStream_t stream = nullptr;
  std::size_t shared_bytes = 0;
};

/// An empty grid launches nothing, where CUDA would report an error: an empty batch needs no special case.
inline bool empty(const Launch& how) { return how.grid.x == 0 || how.grid.y == 0 || how.grid.z == 0; }

#if defined(SIMT_INTERPRETER)

template <class... Parameters, class... Arguments>
void launch(const Launch& how, void (*kernel)(Parameters...), Arguments&&... arguments) {
  if (empty(how)) return;
  simt::launch(simt::stream(how.stream), kernel, how.grid, how.block, how.shared_bytes,
               std::forward<Arguments>(arguments)...);
}
template <class T>
T* dynamic_shared() {
  return static_cast<T*>(simt::dynamic_shared_memory());
}

#else

template <class... Parameters, class... Arguments>
void launch(const Launch& how, void (*kernel)(Parameters...), Arguments&&... arguments) {
  if (empty(how)) return;
  if (how.shared_bytes > 0) allow_shared_memory(reinterpret_cast<const void*>(kernel), how.shared_bytes);
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

using engine::ceil_div;

inline constexpr int kWarp = 32, kThreads = 256;

/// About as many blocks of kThreads as an H200 holds at once; more work is done in a grid-stride loop.
inline constexpr std::int64_t kMostBlocks = 1024;

/// A grid of blocks of kThreads for a grid-stride loop of `count` iterations in all.
inline Launch strided(std::int64_t count, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(std::min(kMostBlocks, ceil_div(count, kThreads)));
  return {dim3(blocks), dim3(kThreads), stream};
}
/// One block per item.
inline Launch block_each(std::int64_t count, cudaStream_t stream) {
  return {dim3(static_cast<unsigned>(count)), dim3(kThreads), stream};
}
/// One warp per row.
inline Launch warp_each(std::int64_t count, cudaStream_t stream) {
  return block_each(ceil_div(count, kThreads / kWarp), stream);
}

/// This thread's index in a grid of `strided`, and the stride to its next element.
__device__ inline std::int64_t first_in_grid() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline std::int64_t grid_stride() { return static_cast<std::int64_t>(gridDim.x) * blockDim.x; }
/// This warp's index in a grid of warp_each, and this thread's lane.
__device__ inline std::int64_t warp_in_grid() { return first_in_grid() / kWarp; }
__device__ inline int lane_in_warp() { return static_cast<int>(threadIdx.x) % kWarp; }

}  // namespace kernels::cuda
