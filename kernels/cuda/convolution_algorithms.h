#pragma once
#include <functional>
#include <map>

#include "kernels/cuda/convolution_plans.h"
#include "kernels/runtime/algorithm_cache.h"

namespace kernels::cuda {

/// Computes a convolution by a plan and says how long the device took.
using PlanSeconds = std::function<double(const ConvolutionPlan&)>;

/// The plan for a problem, by the algorithm that the cache finds; where it finds none, by the first that cuDNN advises
/// and that compiles.
ConvolutionPlan choose_plan(const PlanTarget& target, engine::AlgorithmCache& cache, const ConvolutionProblem& problem,
                            const PlanSeconds& seconds);

/// A context's cuDNN handle, and the plans of the convolutions that it has computed.
class Convolutions {
 public:
  cudnnHandle_t handle() const { return handle_.get(); }  ///< made with the first plan
  const ConvolutionPlan& plan(const Context& context, const ConvolutionProblem& problem, const PlanSeconds& seconds);

 private:
  DnnHandle handle_;
  std::map<ConvolutionProblem, ConvolutionPlan> plans_;
  int restored_ = 0;  // as the context's algorithms were when the plans were made
};

Convolutions& convolutions(const Context& context);

}  // namespace kernels::cuda
