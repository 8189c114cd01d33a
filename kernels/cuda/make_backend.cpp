#include "kernels/cuda/make_backend.h"

#include <cublasLt.h>
#include <cudnn.h>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/check.h"

namespace kernels::cuda {
namespace {

/// 13010 -> "13.1"
std::string cuda_version(int version) { return engine::concat(version / 1000, ".", version % 1000 / 10); }

}  // namespace

std::unique_ptr<engine::Backend> make_backend(int index, bool tf32) {
  return std::make_unique<CudaBackend>(index, tf32 ? F32Products::tf32 : F32Products::exact);
}

std::map<std::string, std::string> library_versions() {
  int runtime = 0, driver = 0;
  CUDA_CHECK(cudaRuntimeGetVersion(&runtime));
  CUDA_CHECK(cudaDriverGetVersion(&driver));
  std::map<std::string, std::string> versions{{"CUDA", cuda_version(runtime)}};
  if (driver > 0) versions["CUDA driver"] = cuda_version(driver);
  const std::size_t blas = cublasLtGetVersion(), dnn = cudnnGetVersion();
  versions["cuBLASLt"] = engine::concat(blas / 10000, ".", blas / 100 % 100, ".", blas % 100);
  versions["cuDNN"] = engine::concat(dnn / 10000, ".", dnn / 100 % 100, ".", dnn % 100);
  return versions;
}

}  // namespace kernels::cuda
