#include "kernels/cuda/handles.h"

#include "kernels/cuda/check.h"

namespace kernels::cuda {

Stream make_stream() {
  cudaStream_t stream = nullptr;
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream(stream);
}

Event make_event(unsigned flags) {
  cudaEvent_t event = nullptr;
  CUDA_CHECK(cudaEventCreateWithFlags(&event, flags));
  return Event(event);
}

PinnedMemory make_pinned(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t status = cudaHostAlloc(&memory, bytes, cudaHostAllocDefault);
  EXPECTS(status != cudaErrorMemoryAllocation, "out of memory on the host: no ", bytes,
          " bytes of pinned memory for copies to and from the device; use a smaller batch size or data set");
  CUDA_CHECK(status);
  return PinnedMemory(memory);
}

DeviceMemory make_device_memory(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // clears the status, so that the next launch does not report it
    return DeviceMemory();
  }
  CUDA_CHECK(status);
  return DeviceMemory(memory);
}

}  // namespace kernels::cuda
