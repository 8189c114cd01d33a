#pragma once
#include <cuda_runtime_api.h>

#include "engine/core/error.h"

namespace kernels::cuda {

/// A call to a library, where it is in our source.
struct Call {
  const char *text, *file;
  int line;
};
#define THIS_CALL(call) (::kernels::cuda::Call{#call, __FILE__, __LINE__})

/// Throws what every failed call says: where it is, the status by name, the library's words, and what to do about it.
[[noreturn]] inline void fail(const Call& call, const char* status, const char* words, const char* remedy = "") {
  throw engine::Error(
      engine::concat(call.file, ":", call.line, ": ", call.text, " failed: ", status, ", ", words, remedy));
}

inline void check(cudaError_t status, const Call& call) {
  if (status != cudaSuccess) fail(call, cudaGetErrorName(status), cudaGetErrorString(status));
}

}  // namespace kernels::cuda

#define CUDA_CHECK(call) ::kernels::cuda::check((call), THIS_CALL(call))
