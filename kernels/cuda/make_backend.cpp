#include "kernels/cuda/make_backend.h"

#include <cublasLt.h>
#include <cudnn.h>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/check.h"
#include "kernels/cuda/nccl_communicator.h"
#include "kernels/cuda/vendor_library.h"

namespace kernels::cuda {
namespace {

/// 13010 -> "13.1"
std::string cuda_version(int version) { return engine::concat(version / 1000, ".", version % 1000 / 10); }

/// 91900 -> "9.19.0"
std::string version(std::size_t number) {
  return engine::concat(number / 10000, ".", number / 100 % 100, ".", number % 100);
}

}  // namespace

std::unique_ptr<engine::Backend> make_backend(const ContextOptions& options) {
  const Arithmetic arithmetic{.f32_products = options.tf32 ? F32Products::tf32 : F32Products::exact,
                              .repeatable = options.repeatable};
  auto backend = std::make_unique<CudaBackend>(options.device.index, arithmetic);
  // Loaded now, not at the first product, which may come late. cuDNN uses the other libraries if they are loaded. Only
  // some of its algorithms are compiled at run time: without a compiler the others remain.
  load(kBlasLibrary);
  load_if_present(kCompilerLibrary);
  load(kDnnLibrary);
  return backend;
}

std::unique_ptr<engine::Communicator> connect(engine::Backend& backend, engine::Communicator& host) {
  return std::make_unique<NcclCommunicator>(static_cast<CudaBackend&>(backend).stream(), host);
}

std::map<std::string, std::string> library_versions() {
  int runtime = 0, driver = 0;
  CUDA_CHECK(cudaRuntimeGetVersion(&runtime));
  CUDA_CHECK(cudaDriverGetVersion(&driver));
  std::map<std::string, std::string> versions{{"CUDA", cuda_version(runtime)}};
  if (driver > 0) versions["CUDA driver"] = cuda_version(driver);
  if (is_loaded(kBlasLibrary)) versions["cuBLASLt"] = version(cublasLtGetVersion());
  if (is_loaded(kDnnLibrary)) versions["cuDNN"] = version(cudnnGetVersion());
  if (is_loaded(kNcclLibrary)) {
    int nccl_version = 0;
    nccl::functions().get_version(&nccl_version);
    versions["NCCL"] = nccl::version_text(nccl_version);
  }
  return versions;
}

}  // namespace kernels::cuda
