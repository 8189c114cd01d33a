#pragma once
#include <functional>
#include <map>

#include "kernels/cpu/convolution_plans.h"
#include "kernels/runtime/algorithm_cache.h"

namespace kernels::cpu {

/// Algorithms for a convolution, which agree but for rounding.
enum class ConvolutionAlgorithm {
  direct,    ///< oneDNN on NHWC images
  blocked,   ///< oneDNN on copies in blocks of channels
  lowered,   ///< windows gathered into a matrix, one product
  winograd,  ///< our own F(4x4, 3x3) on NHWC images
};

/// The algorithm for each convolution of a context. Large ones go by the context's AlgorithmCache, under names like
/// "conv2d_forward x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1", with " bf16" at the end in bf16; small ones, and
/// large ones that are not timed, by a fixed rule.
class ConvolutionAlgorithms {
 public:
  /// Runs a convolution once with an algorithm, and returns how long that took.
  using Seconds = std::function<double(ConvolutionAlgorithm)>;

  ConvolutionAlgorithm choose(engine::AlgorithmCache& cache, const ConvolutionProblem& problem, const Seconds& seconds);

 private:
  std::map<ConvolutionProblem, ConvolutionAlgorithm> chosen_;
  int restored_ = 0;  // as the cache was when they were chosen
};

}  // namespace kernels::cpu
