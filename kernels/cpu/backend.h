#pragma once
#include <map>
#include <memory>
#include <string>

#include "kernels/context.h"
#include "kernels/runtime/control_groups.h"

namespace kernels::cpu {

class ConvolutionAlgorithms;
class ConvolutionPlans;
class MatmulPlans;

/// The CPU back end: memory of the host, the compiled convolutions and products of oneDNN, and the algorithm of each
/// convolution.
class CpuBackend : public engine::Backend {
 public:
  CpuBackend();
  ~CpuBackend() override;
  engine::Device device() const override { return {}; }
  std::string model() const override;
  void* allocate(std::size_t bytes) override;
  void deallocate(void* memory, std::size_t bytes) noexcept override;
  std::size_t free_bytes() const override;
  void copy(void* to, const void* from, std::size_t bytes, engine::CopyKind kind) override;
  std::unique_ptr<engine::Readback> read(const void* from, std::size_t bytes) override;
  void fill_zero(void* memory, std::size_t bytes) override;
  void synchronize() override {}  // CPU kernels are done when they return

  ConvolutionPlans& convolutions() { return *convolutions_; }
  ConvolutionAlgorithms& algorithms() { return *algorithms_; }
  MatmulPlans& products() { return *products_; }

 private:
  engine::ControlGroups groups_;
  std::unique_ptr<ConvolutionPlans> convolutions_;
  std::unique_ptr<ConvolutionAlgorithms> algorithms_;
  std::unique_ptr<MatmulPlans> products_;
};

std::unique_ptr<engine::Backend> make_backend(const ContextOptions& options);
/// Whether this processor has AMX, or AVX-512 with instructions for bf16.
bool computes_bf16();
/// {"oneDNN", "2.6.3"}
std::map<std::string, std::string> library_versions();

inline CpuBackend& backend(const engine::Context& context) { return static_cast<CpuBackend&>(context.backend()); }

}  // namespace kernels::cpu
