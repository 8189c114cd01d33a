#pragma once
#include "kernels/cpu/convolution_plans.h"

namespace kernels::cpu {

// Convolution by oneDNN's direct kernels, on NHWC images or on blocked copies of them. Same arguments and results as
// the kernels of kernels/conv2d.h.

/// Whether oneDNN computes such a convolution without harm: the weight gradient of its strided 1x1 kernels (2.6,
/// AVX-512) writes behind the scratchpad that it asked for when the channels of x fill no vector.
inline bool direct_takes(const Conv2dGeometry& g) {
  constexpr std::int64_t kVector = 16;
  return g.r * g.s > 1 || g.stride == 1 || g.c % kVector == 0;
}

void direct_forward(const Context& context, const Conv2dForward& args, ConvolutionLayout layout);
void direct_dgrad(const Context& context, const Conv2dDgrad& args, ConvolutionLayout layout);
void direct_wgrad(const Context& context, const Conv2dWgrad& args, ConvolutionLayout layout);

}  // namespace kernels::cpu
