#pragma once
#include <vector_types.h>

/// CUDA's declarations as C++; __global__, __device__, __host__ and __constant__ are already empty.

// A __shared__ variable becomes a function static next to a red zone; the interpreter finds the names and sizes of both
// in the program's symbols.
#define SIMT_JOIN_EXPANDED(a, b) a##b
#define SIMT_JOIN(a, b) SIMT_JOIN_EXPANDED(a, b)
#define SIMT_SHARED(number)                                                            \
  static char SIMT_JOIN(simt_redzone_, number)[64] __attribute__((aligned(64), used)); \
  static
#undef __shared__
#define __shared__ SIMT_SHARED(__COUNTER__)
#undef __launch_bounds__
#define __launch_bounds__(...)

// Constant for each thread; the interpreter rewrites them at every switch between threads.
extern const uint3 threadIdx, blockIdx;
extern const dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;
