#pragma once
#include "kernels/crop_sampler.h"

namespace kernels {

/// The share of draws in which every attempt fails, so that the box is the whole image: within a few hundredths, from
/// attempts that are the same in every call.
double share_given_up(std::int64_t height, std::int64_t width, const CropRange& range);

}  // namespace kernels
