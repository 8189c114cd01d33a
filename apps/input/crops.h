#pragma once
#include "apps/run/config.h"
#include "kernels/crop_sampler.h"
#include "kernels/runtime/shape.h"

namespace apps {

/// The configured range, whatever the images.
kernels::CropRange crop_range(const Config& config);
/// Which crops views are made of. `image` is [H,W,C], of the images and of the views.
kernels::CropRange crop_range(const Config& config, const engine::Shape& image);

/// Throws UsageError if more than one view in a hundred would be the whole image because no crop of the range is found
/// in as many attempts as the sampler makes: a run would go on with less augmentation than it was asked for, or none. A
/// range that ends at 1 holds the whole image and is always taken.
void check_crops(const Config& config, const engine::Shape& image);

}  // namespace apps
