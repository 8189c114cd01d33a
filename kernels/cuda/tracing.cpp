#include <cuda_profiler_api.h>
#include <nvtx3/nvToolsExt.h>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/check.h"

namespace kernels::cuda {

void CudaBackend::begin_range(const char* name) { nvtxRangePushA(name); }
void CudaBackend::end_range() { nvtxRangePop(); }

bool CudaBackend::collect_profile(bool on) {
  synchronize();  // keeps work issued earlier outside the range
  CUDA_CHECK(on ? cudaProfilerStart() : cudaProfilerStop());
  return true;
}

}  // namespace kernels::cuda
