#pragma once
#include <functional>
#include <map>

#include "kernels/cpu/convolution_plans.h"
#include "kernels/runtime/algorithm_cache.h"

namespace kernels::cpu {

/// Algorithms for a convolution. Their results differ by rounding only.
enum class ConvolutionAlgorithm {
  direct,    ///< oneDNN on NHWC images
  blocked,   ///< oneDNN on copies in blocks of channels
  lowered,   ///< windows gathered into a matrix, one product
  winograd,  ///< F(4x4, 3x3) on NHWC images
};

/// The algorithm for each convolution of a context. Large ones are looked up in the context's AlgorithmCache, under
/// names like "conv2d_forward x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1", with " bf16" appended in bf16. A fixed
/// rule decides for small ones, and for large ones without a timing.
class ConvolutionAlgorithms {
 public:
  /// Runs a convolution once with an algorithm, and returns how long that took.
  using Seconds = std::function<double(ConvolutionAlgorithm)>;

  ConvolutionAlgorithm choose(engine::AlgorithmCache& cache, const ConvolutionProblem& problem, const Seconds& seconds);

 private:
  std::map<ConvolutionProblem, ConvolutionAlgorithm> chosen_;
  int restored_ = 0;  // the cache's `restored` when they were chosen
};

}  // namespace kernels::cpu
