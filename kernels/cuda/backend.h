#pragma once
#include <cuda_runtime_api.h>

#include "engine/core/context.h"
#include "kernels/cuda/unique_handle.h"

namespace kernels::cuda {

/// One CUDA device and the stream that everything of a context is issued on. Never the default stream.
class CudaBackend final : public engine::Backend {
 public:
  explicit CudaBackend(int index);
  engine::Device device() const override { return {engine::DeviceKind::cuda, index_}; }
  void* allocate(std::size_t bytes) override;
  void deallocate(void* memory, std::size_t bytes) noexcept override;
  std::size_t free_bytes() const override;
  void copy(void* to, const void* from, std::size_t bytes, engine::CopyKind kind) override;
  void fill_zero(void* memory, std::size_t bytes) override;
  void synchronize() override;

  cudaStream_t stream() const { return stream_.get(); }

 private:
  int index_;
  UniqueHandle<cudaStream_t, cudaStreamDestroy> stream_;
};

inline cudaStream_t stream(const engine::Context& context) {
  return static_cast<CudaBackend&>(context.backend()).stream();
}

}  // namespace kernels::cuda
