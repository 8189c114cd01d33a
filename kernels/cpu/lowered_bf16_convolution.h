#pragma once
#include "kernels/conv2d.h"

namespace kernels::cpu {

// Convolution in bf16 as matrix products with oneDNN. oneDNN's direct kernels are faster for large images; with few
// pixels and many channels they are limited by loading weights. Same arguments and results as the kernels of
// kernels/conv2d.h.

void lowered_bf16_forward(const Context& context, const Conv2dForward& args);
void lowered_bf16_dgrad(const Context& context, const Conv2dDgrad& args);
void lowered_bf16_wgrad(const Context& context, const Conv2dWgrad& args);

}  // namespace kernels::cpu
