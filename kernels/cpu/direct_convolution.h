#pragma once
#include "kernels/cpu/convolution_plans.h"

namespace kernels::cpu {

// Convolution by oneDNN's direct kernels, on NHWC images or on blocked copies of them. Same arguments and results as
// the kernels of kernels/conv2d.h.

/// Whether oneDNN computes this convolution correctly. The weight gradient of its strided 1x1 kernels (2.6, AVX-512)
/// writes past the end of its scratchpad when the channels of x do not fill a vector.
inline bool direct_takes(const Conv2dGeometry& g) {
  constexpr std::int64_t kVector = 16;
  return g.r * g.s > 1 || g.stride == 1 || g.c % kVector == 0;
}

void direct_forward(const Context& context, const Conv2dForward& args, ConvolutionLayout layout);
void direct_dgrad(const Context& context, const Conv2dDgrad& args, ConvolutionLayout layout);
void direct_wgrad(const Context& context, const Conv2dWgrad& args, ConvolutionLayout layout);

}  // namespace kernels::cpu
