#pragma once
#include "apps/run/config.h"
#include "engine/core/context.h"

namespace apps {

/// The context that --device and --threads ask for; throws UsageError when this build or machine does not have it, or
/// cannot compute in --precision.
engine::Context make_context(const Config& config);

}  // namespace apps
