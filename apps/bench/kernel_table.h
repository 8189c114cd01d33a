#pragma once
#include <string>

#include "apps/bench/timing.h"

namespace apps {

/// Measures the device's peaks, then times every kernel whose name contains `part`. Prints one line per kernel on
/// stderr as it is measured, and one JSON line with all results on stdout. Throws UsageError if no name contains
/// `part`.
void time_kernels(const engine::Context& context, const std::string& part, const KernelSizes& sizes,
                  const Repetitions& repetitions);

}  // namespace apps
