#pragma once
#include <map>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>

#include "kernels/conv2d.h"

namespace kernels::cpu {

enum class ConvolutionPass { forward, dgrad, wgrad };

/// The pass, sizes and types of a convolution: everything but the data.
struct ConvolutionProblem {
  Conv2dGeometry g;
  ConvolutionPass pass;
  Dtype dtype = Dtype::f32;  ///< of images and weights, f32 or bf16; the weights' gradient is always f32
  friend auto operator<=>(const ConvolutionProblem&, const ConvolutionProblem&) = default;
};

/// The layout of the images for oneDNN: NHWC as they are, or converted around the call to oneDNN's preferred blocks of
/// channels.
enum class ConvolutionLayout { nhwc, blocked };

/// One compiled oneDNN convolution. The weights are always in the primitive's preferred layout: they are small and
/// change every step, so they are converted around each call.
struct ConvolutionPlan {
  struct Operand {
    dnnl::memory::desc ours, theirs;
    dnnl::reorder convert;  ///< an input from our layout to oneDNN's, the output back; unset if both are equal
    dnnl::reorder add;      ///< adds the output to our destination
  };
  dnnl::primitive primitive;
  Operand x, y, weight;
  dnnl::memory::desc scratchpad;
};

/// Convolutions by problem, compiled on first use.
class ConvolutionPlans {
 public:
  ConvolutionPlans() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}
  /// Throws engine::OutOfMemory when memory is too short to compile.
  const ConvolutionPlan& get(const Context& context, const ConvolutionProblem& problem, ConvolutionLayout layout);
  dnnl::engine& engine() { return engine_; }
  dnnl::stream& stream() { return stream_; }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<std::pair<ConvolutionProblem, ConvolutionLayout>, std::unique_ptr<ConvolutionPlan>> plans_;
};

}  // namespace kernels::cpu
