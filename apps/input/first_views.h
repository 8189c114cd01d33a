#pragma once
#include "apps/config/config.h"
#include "data/contact_sheet.h"
#include "data/source.h"
#include "kernels/runtime/context.h"

namespace apps {

/// The two views of the first images that a run sees, a row each, at most eight. Planes of bits are not shown.
/// `source` must have images of one or three channels.
data::ContactSheet first_views(const engine::Context& context, const Config& config, const data::Source& source);

}  // namespace apps
