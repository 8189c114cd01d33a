#pragma once
#include "kernels/conv2d.h"

namespace kernels::cpu {

// 3x3 convolutions with stride 1 by Winograd's F(4x4, 3x3): a quarter of the multiplications of the direct form,
// directly on NHWC data. Same arguments as the kernels of kernels/conv2d.h; rounding errors are a few times those of
// the direct form.

/// Whether these kernels take such a convolution: 3x3, stride 1, padding up to 2, channels in whole register patches.
bool winograd_takes(const Conv2dGeometry& g);

void winograd_forward(const Context& context, const Conv2dForward& args);
void winograd_dgrad(const Context& context, const Conv2dDgrad& args);
void winograd_wgrad(const Context& context, const Conv2dWgrad& args);

}  // namespace kernels::cpu
