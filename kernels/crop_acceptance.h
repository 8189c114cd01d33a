#pragma once
#include "kernels/crop_sampler.h"

namespace kernels {

/// The fraction of draws in which every attempt fails, so that the box is the whole image. A Monte Carlo estimate with
/// fixed random numbers, accurate to a few hundredths.
double share_given_up(std::int64_t height, std::int64_t width, const CropRange& range);

}  // namespace kernels
