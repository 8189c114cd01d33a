#include "kernels/cuda/shared_memory.h"

#include <cuda_runtime_api.h>

#include "kernels/cuda/check.h"

namespace kernels::cuda {

void allow_shared_memory(const void* kernel, std::size_t bytes) {
  // What every block may have without asking, the kernel's own __shared__ variables included.
  constexpr std::size_t kWithoutAsking = 48 * 1024;
  const auto dynamic = static_cast<int>(bytes);
  const cudaError_t status = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, dynamic);
  if (status == cudaErrorInvalidValue) {
    cudaGetLastError();  // clears the status, so that no later call reports it
    cudaFuncAttributes needs{};
    CUDA_CHECK(cudaFuncGetAttributes(&needs, kernel));
    int device = 0, most = 0;
    CUDA_CHECK(cudaGetDevice(&device));
    CUDA_CHECK(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
    throw engine::Error(
        engine::concat("device: a kernel needs ", bytes + needs.sharedSizeBytes,
                       " bytes of shared memory in a block, and cuda:", device, " allows ", most,
                       "; use a GPU of the class of an A100 or H100 (contrastive losses need less in fp32)"));
  }
  CUDA_CHECK(status);
  // Two such blocks fit on a multiprocessor only if little of its memory serves as cache.
  if (bytes > kWithoutAsking) {
    CUDA_CHECK(
        cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout, cudaSharedmemCarveoutMaxShared));
  }
}

}  // namespace kernels::cuda
