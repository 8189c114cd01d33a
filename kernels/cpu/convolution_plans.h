#pragma once
#include <map>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>

#include "kernels/conv2d.h"

namespace kernels::cpu {

enum class ConvolutionPass { forward, dgrad, wgrad };

/// One compiled oneDNN convolution: operands in NHWC, weights in the layout that this primitive likes best. Weights
/// change every step and are small, so they are reordered around each call; activations never are.
struct ConvolutionPlan {
  dnnl::convolution_forward forward;
  dnnl::convolution_backward_data dgrad;
  dnnl::convolution_backward_weights wgrad;
  dnnl::memory::desc x, y;                 ///< NHWC
  dnnl::memory::desc weight, weight_krsc;  ///< the primitive's layout, ours
  dnnl::memory::desc scratchpad;
  dnnl::reorder reorder;  ///< ours to the primitive's (forward, dgrad) or back (wgrad); unset when equal
  dnnl::reorder add;      ///< wgrad into a gradient that accumulates: converts and adds
};

/// Convolutions by geometry, compiled on first use.
class ConvolutionPlans {
 public:
  ConvolutionPlans() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}
  const ConvolutionPlan& get(const Conv2dGeometry& g, ConvolutionPass pass);
  dnnl::engine& engine() { return engine_; }
  dnnl::stream& stream() { return stream_; }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<std::pair<Conv2dGeometry, ConvolutionPass>, std::unique_ptr<ConvolutionPlan>> plans_;
};

}  // namespace kernels::cpu
