#pragma once
#include "kernels/cpu/convolution_plans.h"

namespace kernels::cpu {

// Convolution by oneDNN's direct kernels, on NHWC images or on blocked copies of them. Same arguments and results as
// the kernels of kernels/conv2d.h.

void direct_forward(const Context& context, const Conv2dForward& args, ConvolutionLayout layout);
void direct_dgrad(const Context& context, const Conv2dDgrad& args, ConvolutionLayout layout);
void direct_wgrad(const Context& context, const Conv2dWgrad& args, ConvolutionLayout layout);

}  // namespace kernels::cpu
