#pragma once
#include <cuda_runtime_api.h>

#include "engine/core/error.h"

namespace kernels::cuda {

/// Throws unless `status` is success, naming the call, where it is, and what CUDA says.
inline void check(cudaError_t status, const char* call, const char* file, int line) {
  EXPECTS(status == cudaSuccess, file, ":", line, ": ", call, " failed: ", cudaGetErrorName(status), ", ",
          cudaGetErrorString(status));
}

}  // namespace kernels::cuda

#define CUDA_CHECK(call) ::kernels::cuda::check((call), #call, __FILE__, __LINE__)
