#pragma once
#include <cuda_runtime_api.h>

#include <vector>

#include "kernels/cuda/check.h"

namespace tests {

/// Device memory of exactly this size, so that every access beyond it is detected. Undefined until written.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t count) : count_(count) {
    void* memory = nullptr;
    CUDA_CHECK(cudaMalloc(&memory, count * sizeof(T)));
    data_ = static_cast<T*>(memory);
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    CUDA_CHECK(cudaMemcpyAsync(data_, values.data(), bytes(), cudaMemcpyHostToDevice, nullptr));
    CUDA_CHECK(cudaStreamSynchronize(nullptr));
  }
  DeviceArray(const DeviceArray&) = delete;
  ~DeviceArray() { cudaFree(data_); }

  T* data() const { return data_; }
  std::size_t bytes() const { return count_ * sizeof(T); }
  void fill_zero() const {
    CUDA_CHECK(cudaMemsetAsync(data_, 0, bytes(), nullptr));
    CUDA_CHECK(cudaStreamSynchronize(nullptr));
  }
  /// The elements from `first` on: those before it may never have been written.
  std::vector<T> to_host(std::size_t first = 0) const {
    std::vector<T> values(count_ - first);
    CUDA_CHECK(
        cudaMemcpyAsync(values.data(), data_ + first, values.size() * sizeof(T), cudaMemcpyDeviceToHost, nullptr));
    CUDA_CHECK(cudaStreamSynchronize(nullptr));
    return values;
  }

 private:
  std::size_t count_;
  T* data_;
};

}  // namespace tests
