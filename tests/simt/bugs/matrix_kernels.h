#pragma once
#include <cuda_bf16.h>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/mma.h"

namespace tests {

// 1: waits for too few groups. 2: waits only for the thread's own copies, without a barrier.
template <int kBug>
__global__ void copies_in_background(const float* in, float* out) {
  using namespace kernels::cuda;
  __shared__ __align__(16) float s[2][kThreads];
  const int t = static_cast<int>(threadIdx.x);
  if (t < kThreads / 4) copy_async16(&s[0][4 * t], in + 4 * t);
  commit_copies();
  if (t < kThreads / 4) copy_async16(&s[1][4 * t], in + kThreads + 4 * t);
  commit_copies();
  wait_for_copies<kBug == 1 ? 2 : 1>();
  if constexpr (kBug != 2) __syncthreads();
  out[t] = s[0][t];
  wait_for_copies<0>();
  __syncthreads();
  out[t] += s[1][kThreads - 1 - t];
}

// 1: reads the tile before it is complete. 2: the address of a row is not aligned. 3: one lane is missing.
template <int kBug>
__global__ void product(const __nv_bfloat16* in, float* out) {
  using namespace kernels::cuda;
  __shared__ __align__(16) __nv_bfloat16 s[16][24];
  const int t = static_cast<int>(threadIdx.x);
  for (int i = t; i < 256; i += 32) s[i / 16][i % 16] = in[i];
  if constexpr (kBug != 1) __syncwarp();
  std::uint32_t a[4], b[2];
  ldmatrix_x4<false>(a, &s[t % 16][t / 16 * 8 + (kBug == 2 ? 4 : 0)]);
  ldmatrix_x2<false>(b, &s[t % 8][t / 8 % 2 * 8]);
  float d[4] = {};
  if (kBug != 3 || t < 31) mma_m16n8k16(d, a, b, d);
  for (int i = 0; i < 4; ++i) out[t * 4 + i] = d[i];
}

}  // namespace tests
