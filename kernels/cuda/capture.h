#pragma once
#include <string>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/check.h"

namespace kernels::cuda {

/// Throws while the stream is captured into a CUDA graph: plans cannot be chosen, built or timed then.
inline void expect_no_capture(const engine::Context& context, const std::string& plan) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  CUDA_CHECK(cudaStreamIsCapturing(stream(context), &status));
  EXPECTS(status == cudaStreamCaptureStatusNone, plan,
          ": a CUDA graph is being captured, and there is no plan yet; run the step once before, outside of the graph");
}

}  // namespace kernels::cuda
