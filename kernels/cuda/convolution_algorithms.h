#pragma once
#include <functional>
#include <map>

#include "kernels/cuda/convolution_plans.h"
#include "kernels/runtime/algorithm_cache.h"

namespace kernels::cuda {

/// Computes a convolution with a plan and returns the device's time.
using PlanSeconds = std::function<double(const ConvolutionPlan&)>;

/// The plan for a problem, with the algorithm from the cache; if there is none, with the first that cuDNN's heuristics
/// advise and that compiles.
ConvolutionPlan choose_plan(const PlanTarget& target, engine::AlgorithmCache& cache, const ConvolutionProblem& problem,
                            const PlanSeconds& seconds);

/// A context's cuDNN handle, and the plans of its convolutions so far.
class Convolutions {
 public:
  cudnnHandle_t handle() const { return handle_.get(); }  ///< created with the first plan
  const ConvolutionPlan& plan(const Context& context, const ConvolutionProblem& problem, const PlanSeconds& seconds);

 private:
  DnnHandle handle_;
  std::map<ConvolutionProblem, ConvolutionPlan> plans_;
  std::vector<ConvolutionPlan> retired_;  // replaced by other algorithms
  int restored_ = 0;                      // the cache's `restored` when the plans were made
};

Convolutions& convolutions(const Context& context);

}  // namespace kernels::cuda
