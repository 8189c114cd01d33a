#pragma once
#include <cuda_runtime_api.h>

#include <compare>
#include <memory>

#include "kernels/cuda/handles.h"
#include "kernels/cuda/staging.h"
#include "kernels/cuda/upload_ahead.h"
#include "kernels/runtime/context.h"

namespace kernels::cuda {

class Blas;
class Convolutions;

/// How vendor libraries multiply f32: exactly, or rounded to tf32's 10 bits of mantissa on tensor cores.
enum class F32Products { exact, tf32 };
/// What vendor libraries may trade for speed.
struct Arithmetic {
  F32Products f32_products = F32Products::exact;
  bool repeatable = true;  ///< no additions in a nondeterministic order
  friend auto operator<=>(const Arithmetic&, const Arithmetic&) = default;
};

/// One CUDA device and the stream on which a context issues all its work; never the default stream. Only uploads of
/// batches begin on another (UploadAhead).
class CudaBackend final : public engine::Backend {
 public:
  explicit CudaBackend(int index, Arithmetic arithmetic = {});
  ~CudaBackend() override;
  engine::Device device() const override { return {engine::DeviceKind::cuda, index_}; }
  std::string model() const override;
  void* allocate(std::size_t bytes) override;
  void deallocate(void* memory, std::size_t bytes) noexcept override;
  std::size_t free_bytes() const override;
  void copy(void* to, const void* from, std::size_t bytes, engine::CopyKind kind) override;
  void upload_ahead(void* to, std::size_t bytes, std::span<const engine::HostPiece> pieces) override;
  std::unique_ptr<engine::Readback> read(const void* from, std::size_t bytes) override;
  void fill_zero(void* memory, std::size_t bytes) override;
  void synchronize() override;
  double time_ms(const std::function<void()>& issue) override;
  std::unique_ptr<engine::DeviceGraph> capture(const std::function<void()>& issue) override;
  void begin_range(const char* name) override;
  void end_range() override;
  bool collect_profile(bool on) override;

  cudaStream_t stream() const { return stream_.get(); }
  const Arithmetic& arithmetic() const { return arithmetic_; }
  /// Empty until blas.cpp creates it at its first use: a program that links only this file needs no vendor library.
  std::shared_ptr<Blas>& blas() { return blas_; }
  std::shared_ptr<Convolutions>& convolutions() { return convolutions_; }  ///< likewise (convolution_algorithms.cpp)

 private:
  int index_;
  Arithmetic arithmetic_;
  Stream stream_;
  Staging staging_;
  UploadAhead ahead_;
  std::shared_ptr<Blas> blas_;
  std::shared_ptr<Convolutions> convolutions_;
};

inline CudaBackend& backend(const engine::Context& context) { return static_cast<CudaBackend&>(context.backend()); }
inline cudaStream_t stream(const engine::Context& context) { return backend(context).stream(); }

}  // namespace kernels::cuda
