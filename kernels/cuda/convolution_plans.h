#pragma once
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/dnn.h"

// Declared here because its header takes seconds to compile; only convolution_plans.cpp includes it.
namespace cudnn_frontend {
class DeviceProperties;
namespace graph {
class Graph;
}
}  // namespace cudnn_frontend

namespace kernels::cuda {

enum class ConvolutionPass { forward, dgrad, wgrad };

/// Everything a plan depends on, besides the GPU and cuDNN's version.
struct ConvolutionProblem {
  Conv2dGeometry g;
  ConvolutionPass pass;
  Dtype operands, result;
  Arithmetic arithmetic = {};

  /// "conv2d_wgrad x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1 bf16 to f32"
  std::string name() const;
  friend auto operator<=>(const ConvolutionProblem&, const ConvolutionProblem&) = default;
};

/// The GPU for which plans are compiled: that of a handle or, without one, a GPU given by a description.
struct PlanTarget {
  cudnnHandle_t handle = nullptr;
  std::shared_ptr<const cudnn_frontend::DeviceProperties> described = {};
};
/// `json` is cuDNN's description of a GPU. Plans compiled for it can be inspected but not run.
PlanTarget described_target(std::string_view json);

/// One of cuDNN's algorithms for a convolution (an engine with its knobs), compiled to an execution plan.
struct ConvolutionPlan {
  std::string algorithm;  ///< "bf16 engine=65 knobs=2:5,6:1": valid for one version of cuDNN and one GPU
  Dtype writes;           ///< the dtype it writes; convert the result if the problem's differs
  std::size_t workspace_bytes;
  std::shared_ptr<cudnn_frontend::graph::Graph> graph;

  /// All aligned to kAlignment bytes.
  struct Tensors {
    const void *x, *weight, *y;  ///< [n,h,w,c], [k,r,s,c], [n,p,q,k], one of which is the result
  };
  void run(cudnnHandle_t handle, const Tensors& tensors, void* workspace) const;
  static constexpr std::size_t kAlignment = 16;
};

/// The algorithms that cuDNN's heuristics advise, the best first. Some of them may not compile.
std::vector<std::string> advised_algorithms(const PlanTarget& target, const ConvolutionProblem& problem);

/// The plan of an algorithm. None if the GPU does not have it, if its workspace is too large, or if the problem's
/// arithmetic forbids it: it adds in a nondeterministic order or rounds f32 operands.
std::optional<ConvolutionPlan> compile(const PlanTarget& target, const ConvolutionProblem& problem,
                                       const std::string& algorithm);

}  // namespace kernels::cuda
