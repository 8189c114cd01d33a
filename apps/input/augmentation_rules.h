#pragma once
#include "apps/config/augmentation_options.h"
#include "data/source.h"

namespace apps {

/// The configured rules for a source's images, with what follows from them: SimCLR's values (spec of its code: flips
/// 0.5, jitter 0.8, grey 0.2, and for views above 32 pixels blur 0.5). Throws UsageError for colour operations on
/// images without colours.
kernels::AugmentationRules training_rules(const AugmentationOptions& options, const data::Source& source);

/// The same for evaluation: no random part; the middle or the whole of the image.
kernels::AugmentationRules evaluation_rules(const AugmentationOptions& options, const data::Source& source);

/// What views by these rules need of an image: a decoder may leave out detail that even the smallest crop would lose.
data::DecodeHint decode_hint(const kernels::AugmentationRules& rules, const data::Source& source);

}  // namespace apps
