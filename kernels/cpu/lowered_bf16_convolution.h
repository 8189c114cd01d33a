#pragma once
#include "kernels/conv2d.h"

namespace kernels::cpu {

// Convolution in bf16 as matrix products with oneDNN. Its direct kernels are faster while images are large; over few
// pixels and many channels they wait for their weights. Same arguments and results as the kernels of kernels/conv2d.h.

void lowered_bf16_forward(const Context& context, const Conv2dForward& args);
void lowered_bf16_dgrad(const Context& context, const Conv2dDgrad& args);
void lowered_bf16_wgrad(const Context& context, const Conv2dWgrad& args);

}  // namespace kernels::cpu
