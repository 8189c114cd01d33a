#pragma once
#include "data/source.h"
#include "kernels/augmentation.h"

namespace apps {

/// Throws UsageError if more than one view in a hundred would be the whole image because SimCLR's sampler finds no crop
/// of the range within its attempts: the run would have less augmentation than requested. A range that ends at 1
/// includes the whole image and is always accepted. Images that differ in size are taken to be of the view's shape.
void check_crops(const kernels::AugmentationRules& rules, const data::Source& source);

}  // namespace apps
