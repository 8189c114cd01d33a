#pragma once
#include "kernels/crop_sampler.h"
#include "kernels/runtime/shape.h"

namespace apps {

/// Throws UsageError if more than one view in a hundred would be the whole image because no crop of the range is found
/// in as many attempts as the sampler makes: a run would go on with less augmentation than it was asked for, or none. A
/// range that ends at 1 holds the whole image and is always taken.
void check_crops(const kernels::CropRange& crops, const engine::Shape& image);

}  // namespace apps
