#pragma once
#include "kernels/conv2d.h"

namespace kernels::cpu {

// Convolution as matrix products with oneDNN's sgemm: the windows of a few images become the rows of a matrix
// ("im2col") small enough to stay in a core's L2 cache, so that only x, y and the weights travel to memory. Same
// arguments and results as the kernels of kernels/conv2d.h.

/// Whether this is faster than oneDNN's direct convolutions: on AVX2, where strides slow the direct kernels down by a
/// third.
bool lowering_is_faster(const Conv2dGeometry& g);

void lowered_forward(const Context& context, const Conv2dForward& args);
void lowered_dgrad(const Context& context, const Conv2dDgrad& args);
void lowered_wgrad(const Context& context, const Conv2dWgrad& args);

}  // namespace kernels::cpu
