#include "kernels/cuda/backend.h"
#include "kernels/cuda/check.h"
#include "kernels/cuda/device_wait.h"

namespace kernels::cuda {
namespace {

using Graph = UniqueHandle<cudaGraph_t, cudaGraphDestroy>;
using ExecutableGraph = UniqueHandle<cudaGraphExec_t, cudaGraphExecDestroy>;

class CudaGraph final : public engine::DeviceGraph {
 public:
  CudaGraph(ExecutableGraph graph, cudaStream_t stream) : graph_(std::move(graph)), stream_(stream) {}
  void launch() override {
    const DeviceWait wait;  // it waits where too much is under way already
    CUDA_CHECK(cudaGraphLaunch(graph_.get(), stream_));
  }

 private:
  ExecutableGraph graph_;
  cudaStream_t stream_;
};

/// Ends the capture in any case, so that the stream works again after an error.
class Capture {
 public:
  explicit Capture(cudaStream_t stream) : stream_(stream) {
    CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() {
    if (ended_) return;
    cudaGraph_t graph = nullptr;
    cudaStreamEndCapture(stream_, &graph);
    const Graph discarded(graph);
    cudaGetLastError();
  }
  Graph end() {
    ended_ = true;
    cudaGraph_t graph = nullptr;
    CUDA_CHECK(cudaStreamEndCapture(stream_, &graph));
    return Graph(graph);
  }

 private:
  cudaStream_t stream_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<engine::DeviceGraph> CudaBackend::capture(const std::function<void()>& issue) {
  Capture capture(stream());
  issue();
  const Graph graph = capture.end();
  cudaGraphExec_t executable = nullptr;
  CUDA_CHECK(cudaGraphInstantiate(&executable, graph.get(), 0));
  return std::make_unique<CudaGraph>(ExecutableGraph(executable), stream());
}

}  // namespace kernels::cuda
