#include "kernels/cuda/backend.h"

#include "kernels/cuda/check.h"

namespace kernels::cuda {
namespace {

cudaMemcpyKind direction(engine::CopyKind kind) {
  switch (kind) {
    case engine::CopyKind::host_to_device: return cudaMemcpyHostToDevice;
    case engine::CopyKind::device_to_host: return cudaMemcpyDeviceToHost;
    case engine::CopyKind::device_to_device: return cudaMemcpyDeviceToDevice;
  }
  return cudaMemcpyDefault;
}

}  // namespace

CudaBackend::CudaBackend(int index, F32Products f32_products) : index_(index), f32_products_(f32_products) {
  int count = 0;
  CUDA_CHECK(cudaGetDeviceCount(&count));
  EXPECTS(index >= 0 && index < count, "device: cuda:", index, " was asked for, but this machine has ", count,
          " CUDA devices; see --device");
  CUDA_CHECK(cudaSetDevice(index));
  cudaStream_t made = nullptr;
  CUDA_CHECK(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
  stream_ = UniqueHandle<cudaStream_t, cudaStreamDestroy>(made);
}

void* CudaBackend::allocate(std::size_t bytes) {
  CUDA_CHECK(cudaSetDevice(index_));
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // the pool has an answer to it: the next launch must not see the error
    return nullptr;
  }
  CUDA_CHECK(status);
  return memory;
}

void CudaBackend::deallocate(void* memory, std::size_t) noexcept { cudaFree(memory); }

std::size_t CudaBackend::free_bytes() const {
  std::size_t free = 0, total = 0;
  CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return free;
}

void CudaBackend::copy(void* to, const void* from, std::size_t bytes, engine::CopyKind kind) {
  if (bytes > 0) CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, direction(kind), stream()));
}

void CudaBackend::fill_zero(void* memory, std::size_t bytes) {
  if (bytes > 0) CUDA_CHECK(cudaMemsetAsync(memory, 0, bytes, stream()));
}

void CudaBackend::synchronize() { CUDA_CHECK(cudaStreamSynchronize(stream())); }

}  // namespace kernels::cuda
