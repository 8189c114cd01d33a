// Included instead of CUDA's header of this name where kernels are compiled as C++: CUDA's own vector types and runtime
// API, then the interpreter's device language.
#pragma once
#ifdef __CUDACC__
#error "this header is for kernels compiled as C++; nvcc must find CUDA's own"
#endif
#define SIMT_INTERPRETER 1
#pragma GCC system_header  // #include_next is not standard C++
#include_next <cuda_runtime.h>

#include "tests/simt/interpreter/launch.h"
#include "tests/simt/language/arithmetic.h"
#include "tests/simt/language/atomics.h"
#include "tests/simt/language/declarations.h"
#include "tests/simt/language/warps.h"
