#pragma once
#include "apps/bench/settings.h"

namespace apps {

/// Times the work that the settings name, as a recorded step where they allow it. Prints one line on stderr and one of
/// JSON on stdout.
void time_work(const engine::Context& context, const BenchSettings& settings);

}  // namespace apps
