#pragma once
#include "kernels/augment.h"

namespace kernels::cuda {

/// The views whose draw has a sigma, from `staged` [views,B,h,w,C], blurred and clipped, to y with its bits.
void blur_views(const Context& context, const Augment& args, const float* staged);

}  // namespace kernels::cuda
