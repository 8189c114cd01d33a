#include "kernels/cuda/dnn.h"

namespace kernels::cuda {
namespace {

const char* remedy(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_NOT_INITIALIZED:
    case CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH:
      return "; the GPU or its driver may be too old for this version of cuDNN";
    case CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH: return "; LD_LIBRARY_PATH mixes several versions of cuDNN";
    case CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED: return "; libcudnn's companions must lie beside it";
    case CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED: return "; use a smaller batch size";
    default: return "";
  }
}

}  // namespace

void check(cudnnStatus_t status, const Call& call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char words[1024] = "";
  cudnnGetLastErrorString(words, sizeof(words));
  fail(call, cudnnGetErrorString(status), *words != '\0' ? words : "and no more is known", remedy(status));
}

DnnHandle make_dnn_handle(cudaStream_t stream) {
  cudnnHandle_t made = nullptr;
  CUDNN_CHECK(cudnnCreate(&made));
  DnnHandle handle(made);
  CUDNN_CHECK(cudnnSetStream(made, stream));
  return handle;
}

}  // namespace kernels::cuda
