#pragma once
#include "kernels/crop_sampler.h"
#include "kernels/runtime/shape.h"

namespace apps {

/// Throws UsageError if more than one view in a hundred would be the whole image because the sampler finds no crop of
/// the range within its attempts: the run would have less augmentation than requested. A range that ends at 1 includes
/// the whole image and is always accepted.
void check_crops(const kernels::CropRange& crops, const engine::Shape& image);

}  // namespace apps
