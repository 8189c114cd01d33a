#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/runtime/dtype.h"

/// Warp-level matrix instructions and asynchronous copies: inline PTX on the device, emulated in tests/simt.
#if defined(SIMT_INTERPRETER)
#include "tests/simt/language/matrix.h"
#define CALLER , simt::Place place = simt::Place::current()
#else
#define CALLER
#endif

namespace kernels::cuda {

/// d = a b + c, one tile of 16 x 8 x 16 per warp: a and b bf16 in pairs, c and d f32.
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                                             const float (&c)[4] CALLER) {
#if defined(__CUDA_ARCH__)
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
      : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
#elif defined(SIMT_INTERPRETER)
  simt::mma_m16n8k16(d, a, b, c, place);
#endif
}

template <bool kTransposed>
__device__ __forceinline__ void ldmatrix_x2(std::uint32_t (&d)[2], const void* row CALLER) {
#if defined(__CUDA_ARCH__)
  const auto from = static_cast<unsigned>(__cvta_generic_to_shared(row));
  if constexpr (kTransposed) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(d[0]), "=r"(d[1])
                 : "r"(from)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                 : "=r"(d[0]), "=r"(d[1])
                 : "r"(from)
                 : "memory");
  }
#elif defined(SIMT_INTERPRETER)
  simt::ldmatrix<2, kTransposed>(d, row, place);
#endif
}

template <bool kTransposed>
__device__ __forceinline__ void ldmatrix_x4(std::uint32_t (&d)[4], const void* row CALLER) {
#if defined(__CUDA_ARCH__)
  const auto from = static_cast<unsigned>(__cvta_generic_to_shared(row));
  if constexpr (kTransposed) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                 : "r"(from)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                 : "r"(from)
                 : "memory");
  }
#elif defined(SIMT_INTERPRETER)
  simt::ldmatrix<4, kTransposed>(d, row, place);
#endif
}

/// Two numbers rounded to bf16, the first in the low half: one register of a matrix operand.
__device__ __forceinline__ std::uint32_t bf16_pair(float low, float high) {
#if defined(__CUDA_ARCH__)
  std::uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  return engine::bf16(low).bits | static_cast<std::uint32_t>(engine::bf16(high).bits) << 16;
#endif
}

/// Starts an asynchronous copy of 16 bytes from global to shared memory; bytes beyond `from_bytes` become zero.
__device__ __forceinline__ void copy_async16(void* to, const void* from, unsigned from_bytes = 16 CALLER) {
#if defined(__CUDA_ARCH__)
  const auto at = static_cast<unsigned>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(from_bytes) : "memory");
#elif defined(SIMT_INTERPRETER)
  simt::copy_async(to, from, 16, from_bytes, place);
#endif
}
__device__ __forceinline__ void commit_copies() {
#if defined(__CUDA_ARCH__)
  asm volatile("cp.async.commit_group;" ::: "memory");
#elif defined(SIMT_INTERPRETER)
  simt::commit_copies();
#endif
}
/// Waits until at most `kPending` of the thread's committed copy groups are in flight.
template <int kPending>
__device__ __forceinline__ void wait_for_copies() {
#if defined(__CUDA_ARCH__)
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
#elif defined(SIMT_INTERPRETER)
  simt::wait_for_copies(kPending);
#endif
}

}  // namespace kernels::cuda

#undef CALLER
