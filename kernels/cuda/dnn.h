#pragma once
#include <cudnn.h>

#include "kernels/cuda/check.h"
#include "kernels/cuda/unique_handle.h"

namespace kernels::cuda {

void check(cudnnStatus_t status, const Call& call);
#define CUDNN_CHECK(call) ::kernels::cuda::check((call), THIS_CALL(call))

using DnnHandle = UniqueHandle<cudnnHandle_t, cudnnDestroy>;

/// A cuDNN handle for the current device that issues on `stream`.
DnnHandle make_dnn_handle(cudaStream_t stream);

}  // namespace kernels::cuda
