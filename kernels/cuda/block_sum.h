#pragma once
#include "kernels/cuda/launch.h"

/// Reductions in a fixed order, without atomics: the result does not depend on timing.
namespace kernels::cuda {

inline constexpr unsigned kAllLanes = 0xffffffffu;

/// The warp's sum, the same in every lane.
template <class T>
__device__ __forceinline__ T warp_sum(T value) {
#pragma unroll
  for (int bits = kWarp / 2; bits > 0; bits /= 2) value += __shfl_xor_sync(kAllLanes, value, bits);
  return value;
}

/// The block's sum, the same in every thread. All threads of the block must call it.
template <class T>
__device__ __forceinline__ T block_sum(T value) {
  __shared__ T sums[kWarp];
  const int lane = lane_in_warp(), warp = static_cast<int>(threadIdx.x) / kWarp;
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  value = warp_sum(value);
  if (lane == 0) sums[warp] = value;
  __syncthreads();
  value = warp_sum(lane < warps ? sums[lane] : T{});
  __syncthreads();  // before the next call overwrites of_warp
  return value;
}

}  // namespace kernels::cuda
