#pragma once
#include <map>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>

#include "kernels/conv2d.h"

namespace kernels::cpu {

enum class ConvolutionPass { forward, dgrad, wgrad };

/// What is to be computed, but for the data.
struct ConvolutionProblem {
  Conv2dGeometry g;
  ConvolutionPass pass;
  Dtype dtype = Dtype::f32;  ///< of images and weights, f32 or bf16; the weights' gradient is always f32
  friend auto operator<=>(const ConvolutionProblem&, const ConvolutionProblem&) = default;
};

/// How oneDNN sees the images: NHWC as they are, or converted around the call to the blocks of channels it likes best.
enum class ConvolutionLayout { nhwc, blocked };

/// One compiled oneDNN convolution. The weights are always in the layout that the primitive likes best: they change
/// every step and are small, so they are converted around each call.
struct ConvolutionPlan {
  struct Operand {
    dnnl::memory::desc ours, theirs;
    dnnl::reorder convert;  ///< of an input, ours to theirs; of the output, back; unset when they are equal
    dnnl::reorder add;      ///< of the output, added to what ours holds
  };
  dnnl::primitive primitive;
  Operand x, y, weight;
  dnnl::memory::desc scratchpad;
};

/// Convolutions by problem, compiled on first use.
class ConvolutionPlans {
 public:
  ConvolutionPlans() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}
  /// Throws engine::OutOfMemory when there is no room to compile.
  const ConvolutionPlan& get(const Context& context, const ConvolutionProblem& problem, ConvolutionLayout layout);
  dnnl::engine& engine() { return engine_; }
  dnnl::stream& stream() { return stream_; }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<std::pair<ConvolutionProblem, ConvolutionLayout>, std::unique_ptr<ConvolutionPlan>> plans_;
};

}  // namespace kernels::cpu
