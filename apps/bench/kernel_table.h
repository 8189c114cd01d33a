#pragma once
#include <string>

#include "apps/bench/timing.h"

namespace apps {

/// Measures the device's ceilings, then times every kernel whose name contains `part`: a line each on stderr as they
/// come, and one JSON line with all of it on stdout. Throws UsageError when no name does.
void time_kernels(const engine::Context& context, const std::string& part, const KernelSizes& sizes,
                  const Repetitions& repetitions);

}  // namespace apps
