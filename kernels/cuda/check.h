#pragma once
#include <cuda_runtime_api.h>

#include "kernels/runtime/error.h"

namespace kernels::cuda {

/// A library call and its place in our source.
struct Call {
  const char *text, *file;
  int line;
};
#define THIS_CALL(call) (::kernels::cuda::Call{#call, __FILE__, __LINE__})

/// Throws the error of a failed call: its place, the name of the status, the library's message, and what to do.
[[noreturn]] inline void fail(const Call& call, const char* status, const char* words, const char* remedy = "") {
  throw engine::Error(
      engine::concat(call.file, ":", call.line, ": ", call.text, " failed: ", status, ", ", words, remedy));
}

/// What to do about a failure; empty if nothing is known to help.
inline const char* remedy(cudaError_t status) {
  switch (status) {
    case cudaErrorInsufficientDriver: return "; install a driver of NVIDIA's that knows this CUDA, or use --device cpu";
    case cudaErrorNoDevice: return "; use --device cpu";
    case cudaErrorDevicesUnavailable: return "; another process has the device to itself: choose another with --device";
    case cudaErrorMemoryAllocation: return "; use a smaller batch size";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
      return "; build for this GPU: `cmake --preset cuda -DCMAKE_CUDA_ARCHITECTURES=native`";
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorLaunchFailure:
      return "; an earlier kernel did it: run under compute-sanitizer, or with CUDA_LAUNCH_BLOCKING=1 set";
    default: return "";
  }
}

inline void check(cudaError_t status, const Call& call) {
  if (status != cudaSuccess) fail(call, cudaGetErrorName(status), cudaGetErrorString(status), remedy(status));
}

}  // namespace kernels::cuda

#define CUDA_CHECK(call) ::kernels::cuda::check((call), THIS_CALL(call))
