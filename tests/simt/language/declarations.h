#pragma once
#include <vector_types.h>

/// How CUDA's declarations read as C++: __global__, __device__, __host__ and __constant__ are empty already.

// A __shared__ variable becomes a function static beside a red zone; the interpreter finds names and extents of both in
// the program's symbols.
#define SIMT_JOIN_EXPANDED(a, b) a##b
#define SIMT_JOIN(a, b) SIMT_JOIN_EXPANDED(a, b)
#define SIMT_SHARED(number)                                                            \
  static char SIMT_JOIN(simt_redzone_, number)[64] __attribute__((aligned(64), used)); \
  static
#undef __shared__
#define __shared__ SIMT_SHARED(__COUNTER__)
#undef __launch_bounds__
#define __launch_bounds__(...)

// Not const in the interpreter, which rewrites them at every switch between threads. For each thread they are.
extern const uint3 threadIdx, blockIdx;
extern const dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;
