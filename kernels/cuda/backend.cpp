#include "kernels/cuda/backend.h"

#include <atomic>

#include "kernels/cuda/check.h"
#include "kernels/cuda/device_wait.h"

namespace kernels::cuda {
namespace {

/// Launches and events go to the current device of a thread, which is set once: all back ends of a process share it.
void expect_one_device(int index) {
  static std::atomic<int> chosen{-1};
  int before = -1;
  EXPECTS(chosen.compare_exchange_strong(before, index) || before == index, "device: cuda:", index,
          " was asked for, but this process computes on cuda:", before, "; use one process for each GPU");
}

Stream make_stream_on(int index) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  EXPECTS(status == cudaSuccess, "device: cuda:", index, " was asked for, but CUDA finds no device here (",
          cudaGetErrorString(status), "); use --device cpu, or install NVIDIA's driver");
  EXPECTS(index >= 0 && index < count, "device: cuda:", index, " was asked for, but this machine has ", count,
          count == 1 ? " CUDA device" : " CUDA devices", ", the first of which is cuda:0; see --device");
  expect_one_device(index);
  CUDA_CHECK(cudaSetDevice(index));
  return make_stream();
}

}  // namespace

CudaBackend::CudaBackend(int index, Arithmetic arithmetic)
    : index_(index), arithmetic_(arithmetic), stream_(make_stream_on(index)), staging_(stream()), ahead_(stream()) {}

// Work in flight uses memory that the members own.
CudaBackend::~CudaBackend() {
  const DeviceWait wait;
  cudaStreamSynchronize(stream());
}

std::string CudaBackend::model() const {
  cudaDeviceProp properties{};
  CUDA_CHECK(cudaGetDeviceProperties(&properties, index_));
  return engine::concat(properties.name, ", ", properties.multiProcessorCount, " multiprocessors");  // fewer with MIG
}

void* CudaBackend::allocate(std::size_t bytes) {
  CUDA_CHECK(cudaSetDevice(index_));
  return make_device_memory(bytes).release();
}

void CudaBackend::deallocate(void* memory, std::size_t) noexcept {
  const DeviceWait wait;  // cudaFree waits for all work
  cudaFree(memory);
}

std::size_t CudaBackend::free_bytes() const {
  CUDA_CHECK(cudaSetDevice(index_));
  std::size_t free = 0, total = 0;
  CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return free;
}

void CudaBackend::copy(void* to, const void* from, std::size_t bytes, engine::CopyKind kind) {
  if (bytes == 0) return;
  switch (kind) {
    case engine::CopyKind::host_to_device: return staging_.upload(to, from, bytes);
    case engine::CopyKind::device_to_host: return staging_.download(to, from, bytes);
    case engine::CopyKind::device_to_device:
      CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream()));
  }
}

void CudaBackend::upload_ahead(void* to, std::size_t bytes, std::span<const engine::HostPiece> pieces) {
  if (bytes > 0) ahead_.upload(to, bytes, pieces);
}

std::unique_ptr<engine::Readback> CudaBackend::read(const void* from, std::size_t bytes) {
  return staging_.read(from, bytes);
}

void CudaBackend::fill_zero(void* memory, std::size_t bytes) {
  if (bytes > 0) CUDA_CHECK(cudaMemsetAsync(memory, 0, bytes, stream()));
}

void CudaBackend::synchronize() { await(stream()); }

double CudaBackend::time_ms(const std::function<void()>& issue) {
  const auto record = [this] {
    Event event = make_event(cudaEventDefault);
    CUDA_CHECK(cudaEventRecord(event.get(), stream()));
    return event;
  };
  const auto begin = record();
  issue();
  const auto end = record();
  await(end.get());
  float ms = 0;
  CUDA_CHECK(cudaEventElapsedTime(&ms, begin.get(), end.get()));
  return static_cast<double>(ms);
}

}  // namespace kernels::cuda
